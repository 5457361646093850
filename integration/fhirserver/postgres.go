package fhirserver

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// startOnPostgres starts our HAPI on a PostgreSQL of its own. A Restart ends HAPI alone: the database keeps what it holds.
func startOnPostgres(ctx context.Context, opts Options) (*Server, error) {
	db, err := startPostgres(ctx)
	if err != nil {
		return nil, err
	}
	s, err := startHAPI(ctx, opts, "HAPI FHIR on "+db.version+" as local processes", db.settings())
	if err != nil {
		return nil, errors.Join(err, db.stop())
	}
	s.also = db.stop
	return s, nil
}

// postgres is a cluster in a temporary directory. It trusts whoever reaches it, which is this machine alone, and it does
// not wait for the disk: what is killed here is HAPI, not the machine.
type postgres struct {
	*process
	bin     string // where its programs are
	version string
	dir     string
	port    int
	as      *account
}

func startPostgres(ctx context.Context) (*postgres, error) {
	db := &postgres{}
	var err error
	if db.bin, err = postgresPrograms(); err != nil {
		return nil, err
	}
	if db.as, err = ordinaryUser(); err != nil {
		return nil, err
	}
	if db.port, err = FreePort(); err != nil {
		return nil, err
	}
	err = db.create(ctx)
	if err == nil {
		err = db.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w", err), db.remove())
	}
	return db, nil
}

// postgresPrograms is the directory of initdb and its like: Debian leaves them off the PATH.
func postgresPrograms() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		path, err = filepath.EvalSymlinks(path) // beside the link the others may be missing
		return filepath.Dir(path), err
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("initdb (Debian's package postgresql): %w", errMissing)
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

func (db *postgres) create(ctx context.Context) error {
	version, err := exec.CommandContext(ctx, filepath.Join(db.bin, "postgres"), "--version").Output()
	if err != nil {
		return err
	}
	db.version = "PostgreSQL " + strings.Fields(string(version) + "? ? ?")[2]
	if db.dir, err = os.MkdirTemp("", "tilsyn-postgres-"); err != nil {
		return err
	}
	if err := db.as.own(db.dir); err != nil {
		return err
	}
	out, err := db.command(ctx, "initdb", "--username=hapi", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// command runs one of PostgreSQL's programs on the cluster.
func (db *postgres) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	return db.as.run(ctx, db.dir, filepath.Join(db.bin, program), append(args, "-D", db.data())...)
}

func (db *postgres) data() string { return filepath.Join(db.dir, "data") }

// keeper ends PostgreSQL when stdin ends, and takes its directory away.
//
//go:embed postgres.sh
var keeper string

func (db *postgres) start(ctx context.Context) error {
	cmd := db.as.run(context.Background(), db.dir, "/bin/sh", "-c", keeper, db.dir,
		filepath.Join(db.bin, "postgres"), "-D", db.data(), "-p", strconv.Itoa(db.port),
		"-c", "listen_addresses="+loopback, "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	p, err := start(cmd)
	if err != nil {
		return err
	}
	db.process = p
	if err := db.await(ctx); err != nil {
		return errors.Join(fmt.Errorf("%w\n%s", err, p.log), p.stop())
	}
	return nil
}

func (db *postgres) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // it takes less than a second
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		out, err := exec.CommandContext(ctx, filepath.Join(db.bin, "pg_isready"), "-h", loopback, "-p", strconv.Itoa(db.port)).CombinedOutput()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-db.died:
			return errors.New("it ended before it was ready")
		case <-ctx.Done():
			return fmt.Errorf("wait for it: %w\n%s", err, out)
		}
	}
}

// settings are what HAPI must know of the database.
func (db *postgres) settings() []string {
	return []string{
		fmt.Sprintf("--spring.datasource.url=jdbc:postgresql://%s:%d/postgres", loopback, db.port),
		"--spring.datasource.username=hapi",
	}
}

func (db *postgres) stop() error { return errors.Join(db.process.stop(), db.remove()) }

// remove takes away what the keeper has left, where it may not delete the directory itself.
func (db *postgres) remove() error { return os.RemoveAll(db.dir) }
