package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

func demoCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "demo",
		Short: "Play a hospital day on the embedded FHIR server and tell what happened",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			keep, _ := c.Flags().GetBool("keep")
			return demo(c.Context(), c.OutOrStdout(), c.ErrOrStderr(), keep)
		},
	}
	c.Flags().Bool("keep", false, "leave the FHIR server and the service running afterwards, to look around")
	return c
}

// demoLimit bounds the whole play, which takes a second.
const demoLimit = time.Minute

func demo(ctx context.Context, out, logs io.Writer, keep bool) error {
	base, stop, err := startSandbox("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer stop()
	day, err := openDay(ctx, base, out, logs)
	if err != nil {
		return err
	}
	serving, end := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- day.app.Run(serving) }()
	playing, cancel := context.WithTimeout(ctx, demoLimit)
	defer cancel()
	err = day.play(playing)
	if keep && err == nil {
		fmt.Fprintf(out, "\nLeft running. Look at %s/Task or at %s in a browser; end with Ctrl-C.\n", base, base[:len(base)-len("/fhir")])
		<-ctx.Done()
	}
	end()
	return errors.Join(err, <-served)
}

// day is the stage: a hospital, the service beside it, and where to tell.
type day struct {
	app      *app.App
	hospital *hospital.Hospital
	out      io.Writer
}

func openDay(ctx context.Context, base string, out, logs io.Writer) (*day, error) {
	cfg, err := demoConfig(base)
	if err != nil {
		return nil, err
	}
	log := zerolog.New(logs).Level(zerolog.WarnLevel)
	setup, err := app.New(app.Options{Config: cfg, Policy: pathway.DefaultPolicy(), Log: log})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "A FHIR R4 sandbox runs at %s. Setting it up:\n", base)
	changes, err := setup.Setup(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		fmt.Fprintf(out, "  %s %s\n", c.Did, c.Name)
	}
	h, err := hospital.Open(ctx, setup.Client(), "demo-")
	if err != nil {
		return nil, err
	}
	for _, w := range h.Wards {
		cfg.Routing.Rules = append(cfg.Routing.Rules, config.Rule{Location: w.Location, Owners: config.Owners{Ward: w.Nurses}})
	}
	cfg.Routing.Default.Liaison = h.Liaison
	service, err := app.New(app.Options{Config: cfg, Policy: pathway.DefaultPolicy(), Log: log})
	return &day{service, h, out}, err
}

func demoConfig(base string) (config.Config, error) {
	fs := pflag.NewFlagSet("demo", pflag.ContinueOnError)
	config.Flags(fs)
	err := fs.Parse([]string{"--fhir.base_url", base, "--listen", "127.0.0.1:0", "--operator.listen", "",
		"--poll.interval", "100ms", "--questionnaire.language", "en"})
	if err != nil {
		return config.Config{}, err
	}
	return config.Load(fs)
}

// scene is one admission of the play: who comes, what happens, and what must
// stand on the server in the end.
type scene struct {
	who    string
	stay   hospital.Stay
	act    func(context.Context, *hospital.Hospital, hospital.Admission) error
	answer string
	why    string
	want   hospital.Outcome
}

func answers(points ...int) func(context.Context, *hospital.Hospital, hospital.Admission) error {
	return func(ctx context.Context, h *hospital.Hospital, a hospital.Admission) error {
		return h.Answer(ctx, a, "completed", points...)
	}
}

func half(ctx context.Context, h *hospital.Hospital, a hospital.Admission) error {
	if err := h.Answer(ctx, a, "in-progress", 3, 2); err != nil {
		return err
	}
	return h.CloseTask(ctx, a) // she says it is done, but it is not
}

func discharge(ctx context.Context, h *hospital.Hospital, a hospital.Admission) error {
	if _, err := h.Task(ctx, a); err != nil {
		return err
	}
	return h.SetStatus(ctx, a, "finished")
}

func nobodyAnswers(context.Context, *hospital.Hospital, hospital.Admission) error { return nil }

var (
	woman = hospital.Person{Given: "Kari", Gender: "female", Birth: "1961-03-14"}
	man   = hospital.Person{Given: "Ola", Gender: "male", Birth: "1958-11-02"}
)

var scenes = []scene{
	{"a woman who scores 3", hospital.Stay{Person: woman, Ward: 0}, answers(1, 1, 1), "1+1+1",
		"advice from 3 for women; a consult only from 4", hospital.Scored(3)},
	{"a woman who scores 4", hospital.Stay{Person: woman, Ward: 1}, answers(2, 1, 1), "2+1+1",
		"the limit of 4 for women was passed", hospital.Referred(4, "routine")},
	{"a man who scores 12", hospital.Stay{Person: man, Ward: 2}, answers(4, 4, 4), "4+4+4",
		"the limit of 8 was passed: urgent", hospital.Referred(12, "urgent")},
	{"a man who never drinks", hospital.Stay{Person: man, Ward: 0}, answers(0), "never",
		"item 1 is Never: the score is 0 and complete", hospital.Scored(0)},
	{"a form left half filled in", hospital.Stay{Person: woman, Ward: 1}, half, "3+2+?",
		"unanswered is not zero: no score, and the nurse gets her task back",
		hospital.Outcome{Asked: 1, Task: "in-progress", Business: "incomplete", Draft: "in-progress"}},
	{"an outpatient", hospital.Stay{Person: woman, Class: "AMB"}, nobodyAnswers, "-",
		"only inpatients are asked",
		hospital.Outcome{}},
	{"discharged before the answer", hospital.Stay{Person: man, Ward: 2}, discharge, "-",
		"the task is cancelled and the empty form stopped",
		hospital.Outcome{Asked: 1, Task: "cancelled", Business: "discharged", Draft: "stopped"}},
}

// play admits everybody, lets the nurse act, and compares the world with what
// it must be.
func (d *day) play(ctx context.Context) error {
	admitted := make([]hospital.Admission, len(scenes))
	fmt.Fprintln(d.out, "\nA day on the wards:")
	for i, s := range scenes {
		a, err := d.hospital.Admit(ctx, s.stay)
		if err != nil {
			return err
		}
		admitted[i] = a
		fmt.Fprintf(d.out, "  %s is admitted: %s\n", a.Encounter, s.who)
	}
	for i, s := range scenes {
		if err := s.act(ctx, d.hospital, admitted[i]); err != nil {
			return fmt.Errorf("%s: %w", s.who, err)
		}
	}
	fmt.Fprintln(d.out, "\nWhat came of it:")
	for i, s := range scenes {
		if _, err := d.hospital.Await(ctx, admitted[i], func(o hospital.Outcome) bool { return o == s.want }); err != nil {
			fmt.Fprintf(d.out, "  %s, %s: not as it must be.\n", admitted[i].Encounter, s.who)
			continue
		}
		fmt.Fprintf(d.out, "  %s, %s: %s.\n", admitted[i].Encounter, s.who, s.why)
	}
	return d.judge(ctx, admitted)
}

// judge reads everybody once more when all is done: nobody was asked, scored
// or referred afterwards.
func (d *day) judge(ctx context.Context, admitted []hospital.Admission) error {
	var wrong []error
	outcomes := make([]hospital.Outcome, len(scenes))
	for i, s := range scenes {
		o, err := d.hospital.Outcome(ctx, admitted[i])
		if err != nil || o != s.want {
			wrong = append(wrong, fmt.Errorf("%s: the server has %+v, must have %+v (%v)", s.who, o, s.want, err))
		}
		outcomes[i] = o
	}
	return errors.Join(append(wrong, d.table(admitted, outcomes))...)
}

func (d *day) table(admitted []hospital.Admission, outcomes []hospital.Outcome) error {
	fmt.Fprintln(d.out)
	t := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ADMISSION\tWHO\tASKED\tANSWERS\tSCORE\tNURSE'S TASK\tCONSULT")
	for i, o := range outcomes {
		score, consult, task := "-", "-", "-"
		if o.Scores > 0 {
			score = fmt.Sprint(o.Score)
		}
		if o.Consults > 0 {
			consult = o.Priority
		}
		if o.Asked > 0 {
			task = fmt.Sprintf("%s (%s)", o.Task, o.Business)
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n", admitted[i].Encounter, scenes[i].who, o.Asked, scenes[i].answer, score, task, consult)
	}
	return t.Flush()
}
