package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir/auth"
)

func jwksCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "jwks [--new ALGORITHM FILE]",
		Short: "Print the public keys that the FHIR server's authorization server must know",
		Long: `Prints the public parts of the keys in fhir.auth.key_file, or in FILE, as a JWK set:
what an authorization server is given when this client is registered there.
With --new, FILE is made first, with one private key; it must not be there yet.`,
		Example: "  tilsyn jwks --new es384 /etc/tilsyn/key.pem\n  tilsyn jwks --config tilsyn.yaml",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return wrongUse{fmt.Errorf("%s takes one file", c.CommandPath())}
			}
			return nil
		},
		RunE: jwks,
	}
	config.Flags(c.Flags())
	c.Flags().String("new", "", "make a private key in FILE: es384 or rs384")
	return c
}

func jwks(c *cobra.Command, args []string) error {
	file := config.Secret(strings.Join(args, ""))
	if algorithm, _ := c.Flags().GetString("new"); algorithm != "" {
		if file == "" {
			return wrongUse{errors.New("jwks --new needs a file to put the key into")}
		}
		if err := newKey(strings.ToUpper(algorithm), args[0]); err != nil {
			return err
		}
	}
	if file == "" {
		cfg, _, err := settings(c)
		if err != nil {
			return err
		}
		if file = cfg.FHIR.Auth.KeyFile; file == "" {
			return wrongUse{errors.New("jwks needs a file with keys: name it, or set fhir.auth.key_file")}
		}
	}
	return printJWKS(c, file)
}

func newKey(algorithm, path string) error {
	key, err := auth.NewKey(algorithm)
	if err != nil {
		return wrongUse{fmt.Errorf("jwks --new: %w", err)}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // never over a key that is in use
	if err != nil {
		return err
	}
	_, err = f.Write(key)
	return errors.Join(err, f.Close())
}

func printJWKS(c *cobra.Command, file config.Secret) error {
	keys, err := readKeys(file)
	if err != nil {
		return err
	}
	set, err := keys.JWKS()
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "%s\n", set)
	return nil
}

func readKeys(file config.Secret) (auth.Keys, error) {
	raw, err := file.Read("the keys")
	if err != nil {
		return nil, err
	}
	keys, err := auth.ParseKeys([]byte(raw))
	if err != nil {
		return nil, fmt.Errorf("the key file cannot be used: %w", err)
	}
	return keys, nil
}
