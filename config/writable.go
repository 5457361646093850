package config

import (
	"io/fs"
	"path/filepath"

	"github.com/tilsyn/tilsyn/internal/outside"
)

const (
	byGroupOrAll = 0o022
	byAll        = 0o002
)

// writable says what of a file others may write by the bits of its mode: itself, or
// a directory in which it could be put aside for another. It does not name it, for
// somebody may have written a secret where its file belongs. Where the file cannot
// be seen it says nothing: whoever reads it does.
func writable(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	if loose(path, byGroupOrAll) {
		return "the file"
	}
	if what := writableAbove(path); what != "" {
		return what
	}
	if _, err := outside.Stat(path); err != nil {
		return ""
	}
	real, err := filepath.EvalSymlinks(path) // a link counts by both ends
	if err != nil || real == path {
		return ""
	}
	return writableAbove(real)
}

// writableAbove looks at the directories of a file. That a group may write one far
// above is common, and harms where all of it is trusted.
func writableAbove(path string) string {
	dir := filepath.Dir(path)
	if loose(dir, byGroupOrAll) {
		return "its directory"
	}
	for above := filepath.Dir(dir); above != dir; dir, above = above, filepath.Dir(above) {
		if loose(above, byAll) {
			return "a directory above it"
		}
	}
	return ""
}

// loose: in a sticky directory, such as /tmp, nobody moves what is another's.
func loose(path string, by fs.FileMode) bool {
	info, err := outside.Stat(path)
	return err == nil && info.Mode().Perm()&by != 0 && info.Mode()&fs.ModeSticky == 0
}
