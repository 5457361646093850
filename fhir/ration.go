package fhir

import (
	"context"
	"io"
	"net/http"
)

const (
	// maxBody bounds one answer, in bytes after decompression. A page of 200
	// resources takes about one megabyte.
	maxBody = 16 << 20
	// smallBody is how much of an answer is read without waiting for others.
	smallBody = 1 << 20
)

// ration reads one large answer at a time, however many requests are under way:
// else as many as there are slots would be in memory together.
type ration struct {
	http.RoundTripper
	large chan struct{}
}

func newRation(t http.RoundTripper) *ration {
	return &ration{t, make(chan struct{}, 1)}
}

func (r *ration) RoundTrip(req *http.Request) (*http.Response, error) {
	answer, err := r.RoundTripper.RoundTrip(req)
	if err == nil {
		answer.Body = &rationed{ReadCloser: answer.Body, ctx: req.Context(), large: r.large}
	}
	return answer, err
}

// CloseIdleConnections is found by http.Client, which does not look through a
// wrapper.
func (r *ration) CloseIdleConnections() {
	if t, ok := r.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// rationed is the body of an answer. It is read and closed by one goroutine.
type rationed struct {
	io.ReadCloser
	ctx   context.Context
	large chan struct{}
	read  int
	holds bool
}

func (b *rationed) Read(p []byte) (int, error) {
	if b.read > smallBody && !b.holds {
		select {
		case b.large <- struct{}{}:
			b.holds = true
		case <-b.ctx.Done():
			return 0, b.ctx.Err()
		}
	}
	n, err := b.ReadCloser.Read(p)
	b.read += n
	return n, err
}

func (b *rationed) Close() error {
	if b.holds {
		b.holds = false
		<-b.large
	}
	return b.ReadCloser.Close()
}
