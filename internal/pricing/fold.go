package pricing

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold is a text without its case: fold(a) == fold(b) exactly when strings.EqualFold(a, b).
func fold(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return strings.Map(foldRune, s)
		}
		if 'A' <= s[i] && s[i] <= 'Z' {
			if isASCII(s[i:]) {
				return strings.ToLower(s)
			}
			return strings.Map(foldRune, s)
		}
	}
	return s
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// foldRune stands for all cases of a letter: lower case for ASCII, otherwise the smallest of them.
func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if 'A' <= least && least <= 'Z' {
		return least + 'a' - 'A'
	}
	return least
}
