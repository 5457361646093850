package outside

import (
	"sync"
	"time"
)

// asked are the questions to a file system that are under way. One that is not
// answered holds a thread of the operating system for as long as that lasts, and
// cannot be called back: so nobody asks the same again meanwhile, and the threads
// are as many as the files.
var asked = struct {
	sync.Mutex
	questions map[string]any // of *question[T]
}{questions: map[string]any{}}

type question[T any] struct {
	until  time.Time     // nobody waits any longer
	done   chan struct{} // closed with the answer
	answer T
	err    error
}

// soon gives the answer, or errSilent where it does not come in time. Who asks while
// the same is asked gets the same answer.
func soon[T any](name string, ask func() (T, error)) (T, error) {
	q := begin(name, ask)
	limit := time.NewTimer(time.Until(q.until))
	defer limit.Stop()
	select {
	case <-q.done:
		return q.answer, q.err
	case <-limit.C:
		var none T
		return none, errSilent
	}
}

func begin[T any](name string, ask func() (T, error)) *question[T] {
	asked.Lock()
	defer asked.Unlock()
	if q, under := asked.questions[name].(*question[T]); under {
		return q
	}
	q := &question[T]{until: time.Now().Add(patience), done: make(chan struct{})}
	asked.questions[name] = q
	go func() {
		q.answer, q.err = ask()
		asked.Lock()
		delete(asked.questions, name)
		asked.Unlock()
		close(q.done)
	}()
	return q
}
