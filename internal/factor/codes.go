package factor

import (
	"encoding/base32"
	"strings"
)

const recoveryCodes = 10

// RecoveryCodes makes recovery codes of bytes drawn at random, each of 80 bits.
func RecoveryCodes(draw func(n int) ([]byte, error)) (codes []string, err error) {
	for range recoveryCodes {
		b, err := draw(10)
		if err != nil {
			return nil, err
		}
		c := strings.ToLower(base32.StdEncoding.EncodeToString(b))
		codes = append(codes, c[:4]+"-"+c[4:8]+"-"+c[8:12]+"-"+c[12:])
	}
	return codes, nil
}

// typedLetters are consonants: no code is a word, none is read as a digit.
const typedLetters = "BCDFGHJKLMNPQRSTVWXZ"

// TypedCode is eight letters to be typed by hand, made of bytes drawn at random: 34 bits, for a quarter of an hour and against
// few tries.
func TypedCode(draw func(n int) ([]byte, error)) (string, error) {
	var b strings.Builder
	for b.Len() < 8 {
		x, err := draw(1)
		if err != nil {
			return "", err
		}
		if n := int(x[0]); n < 240 { // 240 is a multiple of 20: every letter is as likely
			b.WriteByte(typedLetters[n%len(typedLetters)])
		}
	}
	return b.String(), nil
}
