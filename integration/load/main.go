// Command load takes the figures that docs/figures.md holds: how fast, how lean
// and how steady tilsyn is beside a FHIR server, as ratios within one run.
//
//	go run ./integration/load [flags] [start] [chains] [history] [idle] [backlog]
//
// Without a name it takes all of them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/tilsyn/tilsyn/integration/fhirserver"
)

// config is how much load.
type config struct {
	sandbox bool
	by      string
	poll    time.Duration
	overlap time.Duration
	rounds  int
	chains  int
	atOnce  int
	backlog int
	history int
	beds    int
	idle    time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func flags(c *config) *flag.FlagSet {
	fs := flag.NewFlagSet("load", flag.ContinueOnError)
	fs.BoolVar(&c.sandbox, "sandbox", false, "on the embedded FHIR server, instead of a real one")
	fs.StringVar(&c.by, "by", "named", "how tilsyn hears of the chains: named (the hook names the admission), hook (the server's Subscriptions), poll")
	fs.DurationVar(&c.poll, "poll", time.Second, "how often -by poll asks")
	fs.DurationVar(&c.overlap, "overlap", 10*time.Second, "how far back each poll looks; 10m is what ships")
	fs.IntVar(&c.rounds, "rounds", 3, "rounds of chains, each once bare and once through tilsyn")
	fs.IntVar(&c.chains, "chains", 200, "chains in a round")
	fs.IntVar(&c.atOnce, "at-once", 16, "chains under way at once; tilsyn works on 8")
	fs.IntVar(&c.history, "history", 10_000, "finished stays on the server, against 1,000")
	fs.IntVar(&c.beds, "beds", 500, "people who wait to be answered through the idle hour")
	fs.DurationVar(&c.idle, "idle", time.Minute, "time into which the polls and censuses of an idle hour are squeezed; 1h is a real one")
	fs.IntVar(&c.backlog, "backlog", 10_000, "admissions on the server when tilsyn starts")
	return fs
}

// figures are what can be taken, in this order.
var figures = []struct {
	name string
	take func(*stage, context.Context, *report) error
}{
	{"start", (*stage).start},
	{"chains", (*stage).chains},
	{"history", (*stage).histories},
	{"idle", (*stage).idleHour},
	{"backlog", (*stage).drain},
}

func run(ctx context.Context, args []string) error {
	var c config
	fs := flags(&c)
	if err := fs.Parse(args); err != nil {
		return err
	}
	names := fs.Args()
	if err := check(c, names); err != nil {
		return err
	}
	b, err := openBench(ctx, c)
	if err != nil {
		return err
	}
	defer b.close()
	r := &report{}
	for _, f := range figures {
		if len(names) > 0 && !slices.Contains(names, f.name) {
			continue
		}
		fmt.Printf("\n%s\n", f.name)
		if err := b.onStage(ctx, func(s *stage) error { return f.take(s, ctx, r) }); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	r.print()
	return nil
}

func check(c config, names []string) error {
	if c.idle < time.Minute {
		return errors.New("-idle: tilsyn polls ten times a second at most, so an hour's polls take a minute")
	}
	if _, ok := ways[c.by]; !ok {
		return fmt.Errorf("-by %s: one of named, hook, poll", c.by)
	}
	for _, name := range names {
		known := false
		for _, f := range figures {
			known = known || f.name == name
		}
		if !known {
			return fmt.Errorf("no figure is called %q", name)
		}
	}
	return nil
}

// bench is what all figures have in common.
type bench struct {
	config
	dir, binary, tokenFile string
	size                   int64 // of the binary, bytes
	hookPort, pagesPort    int
	real                   *server // nil: each figure gets a sandbox of its own
}

func openBench(ctx context.Context, c config) (b *bench, err error) {
	b = &bench{config: c}
	if b.dir, err = os.MkdirTemp("", "tilsyn-load-"); err != nil {
		return nil, err
	}
	b.tokenFile = filepath.Join(b.dir, "token")
	if err = os.WriteFile(b.tokenFile, []byte(hookToken), 0o600); err == nil {
		b.hookPort, err = fhirserver.FreePort()
	}
	if err == nil {
		b.pagesPort, err = fhirserver.FreePort()
	}
	if err == nil {
		b.binary, b.size, err = build(b.dir)
	}
	if err == nil && !c.sandbox {
		b.real, err = findServer(ctx, b.hookPort)
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	if b.real != nil {
		b.real.stop()
	}
	_ = os.RemoveAll(b.dir)
}

// stage is one server that is set up, with a ward and the tap before it.
type stage struct {
	*bench
	server *server
	tap    *tap
	ward   *ward
}

func (b *bench) onStage(ctx context.Context, f func(*stage) error) (err error) {
	s := &stage{bench: b, server: b.real}
	if s.server == nil {
		if s.server, err = startSandbox(ctx, b.binary, b.hookPort); err != nil {
			return err
		}
		defer s.server.stop()
	}
	fmt.Println("on", s.server.name)
	if s.tap, err = openTap(s.server.base); err != nil {
		return err
	}
	defer s.tap.close()
	if s.ward, err = openWard(ctx, s.server.base); err != nil {
		return err
	}
	if err := s.setup(); err != nil {
		return err
	}
	return f(s)
}
