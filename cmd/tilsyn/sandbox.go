package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/tilsyn/tilsyn/internal/sandbox"
)

func sandboxCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "sandbox --listen ADDR",
		Short: "Run the embedded FHIR server alone, at http://ADDR/fhir, for trying things",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			addr, _ := c.Flags().GetString("listen")
			base, stop, err := startSandbox(addr)
			if err != nil {
				return err
			}
			defer stop()
			fmt.Fprintf(c.OutOrStdout(), "FHIR R4 sandbox at %s (in memory; end with Ctrl-C)\n", base)
			<-c.Context().Done()
			return nil
		},
	}
	c.Flags().String("listen", "127.0.0.1:8080", "address to listen on")
	return c
}

// startSandbox serves an empty in-memory FHIR server and gives its base URL.
func startSandbox(addr string) (base string, stop func(), err error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, fmt.Errorf("listen: %w", err)
	}
	fhirServer := sandbox.New()
	srv := &http.Server{Handler: fhirServer, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // the listener died under us
		}
	}()
	return "http://" + listener.Addr().String() + "/fhir", func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = srv.Shutdown(ctx)
		fhirServer.Close()
	}, nil
}
