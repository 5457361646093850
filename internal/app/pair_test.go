package app

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// selfSigned is a certificate with its key, in PEM.
func selfSigned(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

// A certificate on a mount that hangs stalls no handshake; when it is back, the new
// one counts.
func TestAMountThatHangsStallsNoHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert, key := selfSigned(t, 1)
		back, hangs := make(chan struct{}), false
		p := &pair{log: zerolog.Nop(), files: func() ([]byte, []byte, error) {
			if hangs {
				<-back
			}
			return cert, key, nil
		}}
		if err := p.load(); err != nil {
			t.Fatal(err)
		}
		hangs = true
		started := time.Now()
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				if p.now() != p.good.Load() {
					t.Error("another certificate")
				}
			})
		}
		group.Wait()
		if took := time.Since(started); took != glance {
			t.Errorf("a hundred handshakes took %s", took)
		}
		if p.now(); time.Since(started) != glance {
			t.Error("the next one waited too")
		}
		old := p.good.Load()
		cert, key = selfSigned(t, 2)
		close(back)
		synctest.Wait()
		if p.now() == old {
			t.Error("the new one does not count")
		}
	})
}

func TestTheSameMistakeOfACertificateIsToldOnce(t *testing.T) {
	var log bytes.Buffer
	cert, key := selfSigned(t, 1)
	var gone error
	p := &pair{log: zerolog.New(&log), files: func() ([]byte, []byte, error) { return cert, key, gone }}
	if err := p.load(); err != nil {
		t.Fatal(err)
	}
	look := func(want int) {
		t.Helper()
		for range 10 {
			if p.now() == nil {
				t.Fatal("no certificate")
			}
		}
		if n := strings.Count(log.String(), "cannot be renewed"); n != want {
			t.Errorf("told %d times, want %d", n, want)
		}
	}
	look(0)
	gone = errors.New("not there")
	look(1)
	gone = nil
	look(1)
	cert = []byte("half written")
	look(2)
	gone = errors.New("not there")
	look(3)
}
