package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
)

func artifactsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "artifacts --out DIR",
		Short: "Write what setup would put on a server, one JSON file a resource",
		Args:  noArgs,
		RunE:  writeArtifacts,
	}
	config.Flags(c.Flags())
	c.Flags().String("out", "", "directory to write to; made if it is not there")
	return c
}

func writeArtifacts(c *cobra.Command, _ []string) error {
	dir, _ := c.Flags().GetString("out")
	if dir == "" {
		return wrongUse{errors.New("artifacts needs --out DIR")}
	}
	cfg, policy, err := settings(c)
	if err != nil {
		return err
	}
	all, err := app.Artifacts(cfg, policy)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, a := range all {
		path := filepath.Join(dir, a.Name+".json")
		if err := os.WriteFile(path, a.JSON, 0o644); err != nil {
			return err
		}
		fmt.Fprintln(c.OutOrStdout(), path)
	}
	return nil
}
