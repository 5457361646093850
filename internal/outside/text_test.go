package outside

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestNothingThatSteersATerminalIsPrinted(t *testing.T) {
	for s, want := range map[string]string{
		"":                            "",
		"på ærlig norsk – 1 (":        "på ærlig norsk – 1 (",
		"a\x1b[2Jb":                   "a�[2Jb",
		"a\x07\x00\x7f\u009b31mb":     "a����31mb",
		"a\u202eb\u2066c\u200fd":      "a�b�c�d",
		"a\tb\nc\rd\u2028e\u00a0f":    "a b c d e f",
		"a\u200bb\ufeffc\U000e0041":   "a�b�c�",
		"\xff\xfe":                    "��",
		strings.Repeat("å", 20) + "x": strings.Repeat("å", 20) + "x",
		strings.Repeat("å", 22):       strings.Repeat("å", 21) + "…",
		strings.Repeat("\xff", 1<<20): strings.Repeat("�", 21) + "…",
	} {
		if got := Text(s, 21); got != want {
			t.Errorf("%.40q: got %q, want %q", s, got, want)
		}
	}
}

func TestLinesAreKeptAndBounded(t *testing.T) {
	if got := Lines("a\r\nb\x1b\n\nc"); got != "a\nb�\n\nc" {
		t.Errorf("got %q", got)
	}
	if got := Lines(strings.Repeat(strings.Repeat("x", 1<<20)+"\n", 200)); len(got) > 110_000 || !strings.HasSuffix(got, "\n…") {
		t.Errorf("%d bytes", len(got))
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\x1b[31m\u202e\xff", 3)
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = max(0, min(most, 1000))
		got := Text(s, most)
		if utf8.RuneCountInString(got) > most+1 || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q became %q", s, got)
		}
	})
}
