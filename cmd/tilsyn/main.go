// Command tilsyn runs beside a hospital's FHIR server: it gives the wards an
// alcohol screening for every admission, scores the answers, and asks the
// addiction liaison team for a consult where the hospital's limit is passed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/defect"
	"github.com/tilsyn/tilsyn/internal/outside"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // who asks a second time wants it at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	exitDone     = 0
	exitFailed   = 1
	exitWrongUse = 2
)

// wrongUse marks an error that the caller can mend: flags, arguments,
// configuration.
type wrongUse struct{ error }

func (w wrongUse) Unwrap() error { return w.error }

// run is main without the process: tests call it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := commands()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := execute(ctx, root)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "tilsyn: %s\n", outside.Lines(err.Error())) // it may quote what a file or a server said
	if wrong := (wrongUse{}); errors.As(err, &wrong) {
		fmt.Fprintln(stderr, "See `tilsyn --help`.")
		return exitWrongUse
	}
	return exitFailed
}

// execute ends a command that met a defect like one that failed.
func execute(ctx context.Context, root *cobra.Command) (err error) {
	defer defect.Catch(&err)
	return root.ExecuteContext(ctx)
}

func commands() *cobra.Command {
	root := &cobra.Command{
		Use:   "tilsyn",
		Short: "Alcohol screening of inpatients beside a FHIR server",
		Long: `tilsyn sees admissions on a FHIR R4 server, gives the ward an AUDIT-C form as a
task, scores what comes back, and asks the addiction liaison team for a consult
when the hospital's approved limit is passed.

Every setting is a line in a file (--config), an environment variable and a
flag, each stronger than the one before: fhir.base_url, TILSYN_FHIR_BASE_URL,
--fhir.base_url. config/tilsyn.yaml describes them all.

Exit codes: 0 done, 1 failed, 2 wrong use.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(wrongFlag)
	root.AddCommand(serveCommand(), setupCommand(), demoCommand(), sandboxCommand(), doctorCommand(), explainCommand(), reportCommand(), quarantineCommand(),
		scoreCommand(), artifactsCommand(), checkConfigCommand(), jwksCommand(), versionCommand())
	return root
}

// wrongFlag names the setting that an unknown flag may have meant.
func wrongFlag(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && c.Flags().Lookup("config") != nil {
		return wrongUse{fmt.Errorf("%w; did you mean --%s?", err, config.Nearest(unknown.GetSpecifiedName()))}
	}
	return wrongUse{err}
}

// noArgs and exactArgs report a wrong number of arguments as wrong use.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return wrongUse{fmt.Errorf("unknown argument or command %q for %q", args[0], c.CommandPath())}
	}
	return nil
}

func exactArgs(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return wrongUse{fmt.Errorf("%s needs %s", c.CommandPath(), what)}
		}
		return nil
	}
}
