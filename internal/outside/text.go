// Package outside is for what comes from outside the program and may be anything:
// files to read, and words to print.
package outside

import (
	"strings"
	"unicode"
)

// Text is somebody else's text as one line that is fit to be printed, of so many
// characters at most. What steers a terminal, turns the direction of writing or
// cannot be seen is shown as �.
func Text(s string, most int) string {
	var b strings.Builder
	for n, r := range []rune(s[:min(len(s), 4*most+4)]) { // a character takes four bytes at most
		if n == most {
			b.WriteString("…")
			break
		}
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case !unicode.IsPrint(r):
			r = unicode.ReplacementChar
		}
		b.WriteRune(r)
	}
	return b.String()
}

const (
	longestLine = 1000 // characters
	mostLines   = 100
)

// Lines is a text of several lines, such as an error that quotes what it found, fit
// to be printed.
func Lines(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		if len(lines) == mostLines {
			lines = append(lines, "…")
			break
		}
		lines = append(lines, Text(strings.TrimRight(line, "\r\n"), longestLine))
	}
	return strings.Join(lines, "\n")
}
