package queue_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tilsyn/tilsyn/internal/queue"
)

func TestARetryBacksOffUpToFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		q := queue.New(nil)
		stop := run(q, 2, func(string) queue.Result {
			at = append(at, time.Now())
			return queue.Result{Retry: len(at) < 40}
		})
		q.Fresh("1")
		time.Sleep(4 * time.Hour)
		stop()
		if len(at) != 40 {
			t.Fatalf("%d tries", len(at))
		}
		var sum time.Duration
		for i := 1; i < len(at); i++ {
			wait, bound := at[i].Sub(at[i-1]), 5*time.Minute
			if i < 10 {
				bound = min(bound, 500*time.Millisecond<<(i-1))
			}
			if wait <= 0 || wait > bound+2*time.Millisecond {
				t.Errorf("wait %d is %v, allowed are %v", i, wait, bound)
			}
			sum += wait
		}
		if sum < 20*time.Minute {
			t.Errorf("40 tries in %v are a storm", sum)
		}
	})
}

func TestThoseThatFailTogetherDoNotComeBackTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		waits := map[string]time.Duration{}
		q := queue.New(nil)
		stop := run(q, 1, func(id string) queue.Result {
			if time.Since(start) == 0 {
				return queue.Result{Retry: true}
			}
			waits[id] = time.Since(start)
			return queue.Result{}
		})
		for i := range 1000 {
			q.Backlog(fmt.Sprint(i))
		}
		time.Sleep(time.Hour)
		stop()
		together := map[time.Duration]int{}
		for _, wait := range waits {
			together[wait.Truncate(time.Second)]++
		}
		if len(waits) != 1000 || len(together) < 100 {
			t.Errorf("%d came back, in %d different seconds: that is a herd", len(waits), len(together))
		}
	})
}

func TestRetriesAreATenthOfTheWorkOrAFewASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var tries, retried int
		tried := map[string]bool{}
		q := queue.New(nil)
		stop := run(q, 1, func(id string) queue.Result {
			time.Sleep(5 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			tries++
			if tried[id] {
				retried++
			}
			tried[id] = true
			return queue.Result{Retry: tries%3 == 0}
		})
		for i := range 20_000 {
			q.Backlog(fmt.Sprint(i))
		}
		const whole = 100 * time.Second // as long as all take once
		time.Sleep(whole)
		mu.Lock()
		if most := tries/10 + 20 + 2*int(whole.Seconds()) + tries/20; retried > most {
			t.Errorf("%d of %d were tries of another time; want at most %d", retried, tries, most)
		}
		mu.Unlock()
		time.Sleep(time.Hour)
		stop()
		if len(tried) != 20_000 || q.Len() != 0 || q.Retries() < retried {
			t.Errorf("%d were tried, %d wait, %d retries", len(tried), q.Len(), q.Retries())
		}
	})
}

func TestAFreshOneThatFailsStaysFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var did order
		q := queue.New(nil)
		stop := run(q, 1, func(id string) queue.Result {
			time.Sleep(time.Second)
			return queue.Result{Retry: did.add(id) == 1}
		})
		q.Fresh("fresh")
		for i := range 20 {
			q.Backlog(fmt.Sprint(i))
		}
		time.Sleep(3500 * time.Millisecond)
		if !strings.Contains(did.String()[1:], "fresh") {
			t.Errorf("did %s", did.String())
		}
		time.Sleep(time.Minute)
		stop()
	})
}

func TestSuccessForgetsEarlierFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		q := queue.New(nil)
		stop := run(q, 1, func(string) queue.Result {
			at = append(at, time.Now())
			return queue.Result{Retry: len(at) != 20}
		})
		q.Fresh("1")
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if len(at) != 20 {
			t.Fatalf("%d tries", len(at))
		}
		q.Fresh("1") // number 21 fails: its first failure again
		time.Sleep(510 * time.Millisecond)
		synctest.Wait()
		if len(at) < 22 {
			t.Error("the first retry waits as if nothing had gone well")
		}
		stop()
	})
}

func TestAChangeDoesNotWaitForTheRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var did order
		q := queue.New(nil)
		stop := run(q, 1, func(id string) queue.Result {
			return queue.Result{Retry: did.add(id) == 1}
		})
		q.Fresh("1")
		synctest.Wait()
		q.Fresh("1")
		synctest.Wait()
		if did.String() != "1 1" {
			t.Errorf("did %s", did.String())
		}
		stop()
	})
}

func TestOneThatFailsForEverDoesNotHoldUpTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var did order
		q := queue.New(nil)
		stop := run(q, 1, func(id string) queue.Result {
			did.add(id)
			return queue.Result{Retry: id == "bad"}
		})
		q.Fresh("bad")
		for i := range 50 {
			time.Sleep(time.Second)
			q.Backlog(fmt.Sprint(i))
			synctest.Wait()
			if !slices.Contains(strings.Fields(did.String()), fmt.Sprint(i)) {
				t.Fatalf("%d waits", i)
			}
		}
		stop()
	})
}

func TestStopFinishesWhatRunsAndDropsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const workers = 3
		var begun, finished order
		goOn := make(chan struct{})
		q := queue.New(nil)
		stop := run(q, workers, func(id string) queue.Result {
			begun.add(id)
			<-goOn
			finished.add(id)
			return queue.Result{Retry: true} // nobody is there to try again
		})
		for i := range 100 {
			q.Fresh(fmt.Sprint(i))
		}
		synctest.Wait()
		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		synctest.Wait()
		select {
		case <-stopped:
			t.Error("Run left work under way behind")
		default:
		}
		q.Fresh("late")
		close(goOn)
		<-stopped
		if len(begun.ids) != workers || len(finished.ids) != workers {
			t.Errorf("%d begun, %d finished", len(begun.ids), len(finished.ids))
		}
		q.Fresh("too late") // the hook may still be called
		q.Backlog("too late")
	})
}

func TestOneThatWaitsDoesNotHoldUpTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(nil)
		stop := run(q, 1, func(string) queue.Result { return queue.Result{Next: 10 * time.Hour} })
		q.Fresh("1")
		synctest.Wait()
		before := time.Now()
		stop()
		if waited := time.Since(before); waited > time.Second {
			t.Errorf("the stop took %v", waited)
		}
	})
}
