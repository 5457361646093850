// Command mutants plants faults in the rules and in what reads and writes FHIR, one at
// a time, and fails when the tests of the package do not notice one. The faults are
// data: mutants.yaml, which says of each what it would do to a patient.
//
//	go run .ci/mutants/*.go
//
// Nothing is written to the tree: a fault is laid over a file for one build.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"
)

func main() {
	list := flag.String("list", ".ci/mutants/mutants.yaml", "the faults")
	only := flag.String("only", "", "plant only those in files whose path contains this")
	check := flag.Bool("check", false, "only see whether each text is still in its file")
	flag.Parse()
	if err := run(*list, *only, *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(list, only string, check bool) error {
	began := time.Now()
	mutants, err := read(list, only)
	if err != nil || check {
		return err
	}
	work, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := sound(mutants, work); err != nil {
		return err
	}
	outcomes := each(mutants, func(i int, m mutant) outcome { return m.try(fmt.Sprintf("%s/%d", work, i)) })
	return report(mutants, outcomes, time.Since(began))
}

// sound tells that the packages pass as they are: else every fault would seem noticed.
func sound(mutants []mutant, work string) error {
	var whole []mutant
	for _, m := range mutants {
		if same := func(w mutant) bool { return w.pkg() == m.pkg() }; !slices.ContainsFunc(whole, same) {
			whole = append(whole, mutant{File: m.File, source: m.source})
		}
	}
	var errs []error
	for i, o := range each(whole, func(i int, m mutant) outcome { return m.try(fmt.Sprintf("%s/whole%d", work, i)) }) {
		if o.fate != survived {
			errs = append(errs, fmt.Errorf("%s fails with nothing planted in it; mend that first (go test ./%s)\n%s", whole[i].pkg(), whole[i].pkg(), o.said))
		}
	}
	return errors.Join(errs...)
}

// each does something with all of them, as many at a time as there are processors.
func each(mutants []mutant, do func(int, mutant) outcome) []outcome {
	outcomes, turns := make([]outcome, len(mutants)), make(chan struct{}, runtime.NumCPU())
	var all sync.WaitGroup
	for i, m := range mutants {
		turns <- struct{}{}
		all.Go(func() {
			outcomes[i] = do(i, m)
			<-turns
		})
	}
	all.Wait()
	return outcomes
}

// patience is how long the tests of one package may take with a fault in it. One that
// makes them hang is noticed too.
const patience = 2 * time.Minute

func limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

// report says of each that was not noticed what it was, and fails if there is one.
func report(mutants []mutant, outcomes []outcome, took time.Duration) error {
	slow, missed := time.Duration(0), 0
	for i, o := range outcomes {
		slow = max(slow, o.took)
		if o.fate == noticed {
			continue
		}
		missed++
		fmt.Printf("\n%s: %s\n%s%s", o.fate, mutants[i].where(), mutants[i].change(), o.said)
	}
	fmt.Printf("%d faults planted in %s, the slowest %s; not noticed: %d\n", len(mutants), took.Round(time.Second), slow.Round(time.Second), missed)
	if missed == 0 {
		return nil
	}
	return errors.New("for each that survived write the test of its package that fails with it; one that cannot be built is to be said as the code is now")
}
