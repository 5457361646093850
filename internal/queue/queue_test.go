package queue_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/tilsyn/tilsyn/internal/queue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run starts workers and gives back what stops them and waits.
func run(q *queue.Queue, workers int, work func(string) queue.Result) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { q.Run(ctx, workers, work); close(done) }()
	return func() { cancel(); <-done }
}

// order writes down what was worked on, in which order.
type order struct {
	mu  sync.Mutex
	ids []string
}

func (o *order) add(id string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ids = append(o.ids, id)
	return len(o.ids)
}

func (o *order) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.ids, " ")
}

func TestAnAdmissionIsNeverWorkedOnTwiceAtOnce(t *testing.T) {
	const keys, workers, rings = 5, 16, 2000
	var at [keys]atomic.Int32
	var latest [keys]atomic.Int64
	var saw [keys]chan int64
	for k := range saw {
		saw[k] = make(chan int64, 4*rings+1)
	}
	q := queue.New(nil)
	stop := run(q, workers, func(id string) queue.Result {
		var k int
		fmt.Sscan(id, &k)
		if at[k].Add(1) != 1 {
			t.Errorf("admission %d is worked on by two", k)
		}
		saw[k] <- latest[k].Load() // what a load would read
		at[k].Add(-1)
		return queue.Result{}
	})
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range rings {
				k := (i + g) % keys
				latest[k].Add(1)
				if i%3 == 0 {
					q.Backlog(fmt.Sprint(k))
				} else {
					q.Fresh(fmt.Sprint(k))
				}
			}
		})
	}
	group.Wait()
	for k := range keys { // the last ring of each is followed by a run that sees it
		for n := range saw[k] {
			if n == latest[k].Load() {
				break
			}
		}
	}
	stop()
}

func TestAnAdmissionRungManyTimesIsWorkedOnOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var did order
		q := queue.New(nil)
		for range 100 {
			q.Fresh("1")
			q.Backlog("1")
		}
		if q.Len() != 1 {
			t.Errorf("%d wait", q.Len())
		}
		stop := run(q, 4, func(id string) queue.Result { did.add(id); return queue.Result{} })
		synctest.Wait()
		stop()
		if did.String() != "1" {
			t.Errorf("did %s", did.String())
		}
	})
}

func TestAnAdmissionRungWhileItRunsRunsAgain(t *testing.T) {
	for name, ring := range map[string]func(*queue.Queue, string){"fresh": (*queue.Queue).Fresh, "backlog": (*queue.Queue).Backlog} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var did order
				goOn := make(chan struct{})
				q := queue.New(nil)
				stop := run(q, 4, func(id string) queue.Result {
					did.add(id)
					<-goOn
					return queue.Result{}
				})
				q.Fresh("1")
				synctest.Wait()
				for range 10 {
					ring(q, "1")
				}
				synctest.Wait()
				if did.String() != "1" {
					t.Errorf("worked on twice at once: %s", did.String())
				}
				close(goOn)
				synctest.Wait()
				stop()
				if did.String() != "1 1" {
					t.Errorf("did %s; ten rings are one more run", did.String())
				}
			})
		})
	}
}

// whileBusy fills the queue while its only worker is held up, and gives the
// order in which the rest is then taken.
func whileBusy(t *testing.T, fill func(q *queue.Queue)) string {
	t.Helper()
	var did order
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		q := queue.New(nil)
		stop := run(q, 1, func(id string) queue.Result {
			if did.add(id) == 1 {
				<-goOn
			}
			return queue.Result{}
		})
		q.Backlog("busy")
		synctest.Wait()
		fill(q)
		close(goOn)
		synctest.Wait()
		stop()
	})
	return did.String()
}

func TestTheBacklogLeavesHalfOfTheWorkersFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var did order
		goOn := make(chan struct{})
		q := queue.New(nil)
		stop := run(q, 5, func(id string) queue.Result {
			did.add(id)
			<-goOn
			return queue.Result{}
		})
		for i := range 9 {
			q.Backlog(fmt.Sprint(i))
		}
		synctest.Wait()
		if did.String() != "0 1 2" && len(did.ids) != 3 {
			t.Errorf("did %s; want three of the backlog at once", did.String())
		}
		q.Fresh("a")
		q.Fresh("b")
		synctest.Wait()
		if len(did.ids) != 5 || q.Len() != 6 {
			t.Errorf("did %s, %d wait; want the fresh ones at once", did.String(), q.Len())
		}
		close(goOn)
		synctest.Wait()
		if len(did.ids) != 11 || q.Len() != 0 {
			t.Errorf("did %s, %d wait", did.String(), q.Len())
		}
		stop()
	})
}

func TestFreshWorkOvertakesTheBacklog(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		fill       func(q *queue.Queue)
	}{
		{"first come, first served within a lane", "busy a b 1 2", func(q *queue.Queue) {
			q.Backlog("1")
			q.Fresh("a")
			q.Backlog("2")
			q.Fresh("b")
		}},
		{"also when it waits in the backlog already", "busy 3 1 2 4", func(q *queue.Queue) {
			for _, id := range []string{"1", "2", "3", "4"} {
				q.Backlog(id)
			}
			q.Fresh("3")
		}},
		{"the census does not send a fresh one back", "busy a 1", func(q *queue.Queue) {
			q.Backlog("1")
			q.Fresh("a")
			q.Backlog("a")
		}},
		{"a second ring does not change its place", "busy a b 1", func(q *queue.Queue) {
			q.Backlog("1")
			q.Fresh("a")
			q.Fresh("b")
			q.Fresh("a")
			q.Fresh("a")
		}},
		{"one that runs and is rung waits as fresh", "busy busy 1", func(q *queue.Queue) {
			q.Backlog("1")
			q.Fresh("busy")
		}},
		{"one that runs and is walked past waits in the backlog", "busy a 1 busy", func(q *queue.Queue) {
			q.Backlog("1")
			q.Backlog("busy")
			q.Fresh("a")
		}},
		{"one that was fresh once is not fresh for ever", "busy a 1 2", func(q *queue.Queue) {
			q.Fresh("a")
			q.Backlog("1")
			q.Backlog("2")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := whileBusy(t, tt.fill); got != tt.want {
				t.Errorf("did %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAFreshAdmissionPassesAHundredThousand(t *testing.T) {
	const many = 100_000
	var did order
	goOn, all := make(chan struct{}), make(chan struct{})
	q := queue.New(nil)
	stop := run(q, 1, func(id string) queue.Result {
		<-goOn
		if did.add(id) == many+1 {
			close(all)
		}
		return queue.Result{}
	})
	for i := range many {
		q.Backlog(fmt.Sprint(i))
	}
	q.Fresh("fresh")
	close(goOn)
	<-all
	stop()
	if at := slices.Index(did.ids, "fresh"); at > 1 {
		t.Errorf("it was number %d", at+1)
	}
}

func TestWorkThatWaitsIsCounted(t *testing.T) {
	q := queue.New(nil)
	defer run(q, 0, nil)()
	if q.Len() != 0 {
		t.Errorf("%d wait in an empty queue", q.Len())
	}
	q.Backlog("1")
	q.Backlog("2")
	q.Fresh("2")
	q.Fresh("3")
	if q.Len() != 3 {
		t.Errorf("%d wait, want 3", q.Len())
	}
}

func TestWalkedTellsWhomTheCensusAloneHasNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		name func(*queue.Queue)
		want bool
	}{
		"by the census":           {func(q *queue.Queue) { q.Backlog("a") }, true},
		"by nobody":               {func(*queue.Queue) {}, false},
		"by a change":             {func(q *queue.Queue) { q.Fresh("a") }, false},
		"by both, census first":   {func(q *queue.Queue) { q.Backlog("a"); q.Fresh("a") }, false},
		"by both, census second":  {func(q *queue.Queue) { q.Fresh("a"); q.Backlog("a") }, false},
		"asked for a second time": {func(q *queue.Queue) { q.Backlog("a"); q.CensusAlone("a") }, false},
	} {
		q := queue.New(nil)
		tt.name(q)
		if got := q.CensusAlone("a"); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
		q.Close()
	}
}

// A backlog of a whole country sends nobody away; ten thousand of whom something
// just happened do, until they are worked on.
func TestTheQueueIsFullOfFreshWorkOnly(t *testing.T) {
	q := queue.New(nil)
	for i := range 20_000 {
		q.Backlog(fmt.Sprint("b", i))
	}
	if q.Full() {
		t.Error("the census's backlog is no reason to send a caller away")
	}
	for i := range 9_999 {
		q.Fresh(fmt.Sprint("b", i)) // which overtakes the backlog
		q.Fresh(fmt.Sprint("b", i))
	}
	if q.Full() {
		t.Error("one fewer than the limit")
	}
	q.Fresh("last")
	if !q.Full() {
		t.Error("at the limit it is full")
	}
	done := make(chan struct{})
	var n atomic.Int32
	stop := run(q, 4, func(string) queue.Result {
		if n.Add(1) == 20_001 {
			close(done)
		}
		return queue.Result{}
	})
	<-done
	stop()
	if q.Full() {
		t.Error("nothing waits any more")
	}
}
