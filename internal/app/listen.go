package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"path"
	"time"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/defect"
	"github.com/tilsyn/tilsyn/internal/intake"
)

// listen opens the doors: one for the hook and for what looks after the
// process, one for operators.
func (a *App) listen(poller *intake.Poller, fail context.CancelCauseFunc) (stop func(), err error) {
	own, err := a.certificate()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	a.status.mountHealth(mux)
	if a.cfg.Hook.Enabled {
		hook, err := a.hook(poller)
		if err != nil {
			return nil, err
		}
		mux.Handle(intake.HookPath, hook)
		mux.Handle(intake.HookPath+"/", hook)
	}
	stopMain, err := a.open(door{"listen", a.cfg.Listen, a.listener, own, mux, min(mostCallers, descriptors()/2)}, fail)
	if err != nil {
		return nil, err
	}
	stopOperator, err := a.listenOperator(own, fail)
	if err != nil {
		stopMain()
		return nil, err
	}
	return func() { stopOperator(); stopMain() }, nil
}

// listenOperator opens the pages that say how the work goes. They name no
// patient, but admissions: they are not for everybody who reaches the hook.
func (a *App) listenOperator(own *pair, fail context.CancelCauseFunc) (stop func(), err error) {
	o := a.cfg.Operator
	if o.Listen == "" && a.operator == nil {
		return func() {}, nil
	}
	mux := http.NewServeMux()
	a.status.mountPages(mux)
	handler := local(mux)
	if o.TokenFile != "" {
		tokens, err := lines("operator.token_file", o.TokenFile)
		if err != nil {
			return nil, err
		}
		handler = guarded(tokens, mux, a.doors.at("operator"))
	}
	if o.Loopback() {
		own = nil // nothing leaves the machine, and no certificate names it so
	}
	return a.open(door{"operator", o.Listen, a.operator, own, handler, min(mostOperators, descriptors()/8)}, fail)
}

func guarded(tokens intake.Secrets, next http.Handler, refused func(*http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !intake.Shows(r, tokens) {
			refused(r)
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "a valid bearer token is needed", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *App) hook(poller *intake.Poller) (http.Handler, error) {
	proof := intake.Proof{Refused: a.doors.at("hook")}
	var err, keysErr error
	if a.cfg.Hook.TokenFile != "" {
		proof.Tokens, err = lines("hook.token_file", a.cfg.Hook.TokenFile)
	}
	if a.cfg.Hook.SecretFile != "" {
		proof.Keys, keysErr = lines("hook.secret_file", a.cfg.Hook.SecretFile)
	}
	return intake.NewHook(a.queue, poller, proof), errors.Join(err, keysErr)
}

// lines reads the secrets that callers must show, and checks once that they are
// there: with none nobody would get in.
func lines(key string, file config.Secret) (intake.Secrets, error) {
	read := func() ([]string, error) { return file.Lines(key) }
	_, err := read()
	return read, err
}

// certificate is what callers see of us, or nil without TLS.
func (a *App) certificate() (*pair, error) {
	if a.cfg.TLS.CertFile == "" {
		return nil, nil
	}
	return newPair("tls", a.cfg.TLS.CertFile, a.cfg.TLS.KeyFile, a.log)
}

// CheckTLS tells whether callers can be shown the certificate that is configured.
func CheckTLS(t config.TLS) error {
	if t.CertFile == "" {
		return nil
	}
	_, err := newPair("tls", t.CertFile, t.KeyFile, zerolog.Nop())
	return err
}

// door is one listener and what is served there.
type door struct {
	name     string       // in the log
	address  string       // where to listen
	listener net.Listener // instead; may be nil
	own      *pair        // nil: without TLS
	handler  http.Handler
	most     int // connections
}

// Each connection takes 25 kB, and a descriptor: the way to the FHIR server needs
// some too, and each door has its own share.
const (
	mostCallers   = 512
	mostOperators = 64
	unlimited     = 1 << 20 // descriptors
)

func (a *App) open(d door, fail context.CancelCauseFunc) (stop func(), err error) {
	listener := d.listener
	if listener == nil {
		if listener, err = net.Listen("tcp", d.address); err != nil {
			return nil, fmt.Errorf("listen: %w", err)
		}
	}
	crowd := newCrowd(listener, d.most, a.log)
	srv := a.server(d.handler)
	go func() {
		if err := d.run(srv, crowd); !errors.Is(err, http.ErrServerClosed) {
			fail(fmt.Errorf("serve: %w", err))
		}
	}()
	a.log.Info().Str(d.name, listener.Addr().String()).Bool("tls", d.own != nil).Int("connections", d.most).Msg("listening")
	return func() { shutdown(srv) }, nil
}

// server has a limit for everything that a caller can draw out. It speaks HTTP/1.1
// alone: one connection, one request at a time.
func (a *App) server(handler http.Handler) *http.Server {
	srv := &http.Server{Handler: attending(calm(handler, a.log)), ErrorLog: complaintsTo(a.log), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 15 * time.Second, IdleTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10, ConnContext: greet, Protocols: new(http.Protocols)}
	srv.Protocols.SetHTTP1(true)
	return srv
}

// calm serves callers so that nothing of what they send comes out again: neither
// in an answer, where http.ServeMux would send a path back that is not clean, nor
// in the log after a panic. Nobody is to keep an answer, or to take it for another
// type than it has.
func calm(next http.Handler, to zerolog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		defer func() {
			if recover() != nil {
				to.Error().Err(defect.Found()).Msg("a caller was not answered")
				http.Error(w, "a defect of this program", http.StatusInternalServerError)
			}
		}()
		if clean := path.Clean(r.URL.Path); r.URL.Path != clean && r.URL.Path != clean+"/" {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// complaints are what net/http says of connections. They may quote a caller, so
// only that there was one is told.
type complaints struct{ to zerolog.Logger }

func (c complaints) Write(line []byte) (int, error) {
	c.to.Debug().Msg("a connection failed")
	return len(line), nil
}

func complaintsTo(to zerolog.Logger) *log.Logger { return log.New(complaints{to}, "", 0) }

func (d door) run(srv *http.Server, listener net.Listener) error {
	if d.own == nil {
		return srv.Serve(listener)
	}
	srv.TLSConfig = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return d.own.now(), nil }}
	return srv.ServeTLS(listener, "", "")
}

func shutdown(srv *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = srv.Shutdown(ctx)
}
