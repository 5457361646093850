package outside

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// How large what we read may be, in bytes: many times what anybody needs.
const (
	MaxSecret = 64 << 10  // a token, a password, some private keys
	MaxYAML   = 256 << 10 // configuration, policy, advice, what an instrument is
	MaxForm   = 1 << 20   // a form that people fill in; ours are 60 kB, with five languages
	MaxPEM    = 4 << 20   // certificates; the system's own bundle is 250 kB
	MaxJSON   = 16 << 20  // a resource, as fhir.Client takes it
)

var (
	errKind     = errors.New("it is no regular file")
	errNoFolder = errors.New("it is no folder")
	errSilent   = errors.New("the file system does not answer")
)

// Read gives the whole of a regular file of so many bytes at most. A pipe, a device
// or a socket is not opened, for it might never end; a file system that does not
// answer is not waited for. Nobody may change the bytes: others may have them too.
func Read(path string, most int64) ([]byte, error) {
	raw, err := soon(fmt.Sprint("read ", most, path), func() ([]byte, error) { return read(path, most) })
	return raw, at(path, err)
}

// Stat is os.Stat that does not wait for a file system that does not answer.
func Stat(path string) (fs.FileInfo, error) {
	info, err := soon("stat "+path, func() (fs.FileInfo, error) { return os.Stat(path) })
	return info, at(path, err)
}

// manyNames is more than any folder holds of which all is to be read.
const manyNames = 1000

// List gives the names in a folder, in order. Those that begin with two dots are left
// out: Kubernetes keeps them beside what it mounts, and no person makes them. It does
// not wait for a file system that does not answer.
func List(path string) ([]string, error) {
	names, err := soon("list "+path, func() ([]string, error) { return list(path) })
	return names, at(path, err)
}

func list(path string) ([]string, error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil, cmp.Or(err, errNoFolder)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(manyNames + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(names) > manyNames {
		return nil, fmt.Errorf("it holds more than %d files", manyNames)
	}
	slices.Sort(names)
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "..") }), nil
}

// at names the file in an error, as package os does.
func at(path string, err error) error {
	if _, named := errors.AsType[*fs.PathError](err); err == nil || named {
		return err
	}
	return &fs.PathError{Op: "read", Path: path, Err: err}
}

// read looks before it opens, for opening alone moves some devices, and again
// after, for it may be another file by then.
func read(path string, most int64) ([]byte, error) {
	if err := regular(os.Stat(path)); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := regular(f.Stat()); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(raw)) > most {
		return nil, fmt.Errorf("it is larger than %d KiB", most>>10)
	}
	return raw, err
}

func regular(info fs.FileInfo, err error) error {
	if err == nil && !info.Mode().IsRegular() {
		return errKind
	}
	return err
}

// patience is how long a file system may take to answer.
const patience = 5 * time.Second
