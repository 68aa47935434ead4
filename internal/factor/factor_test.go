package factor

import (
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

var noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

// The vectors of RFC 6238, appendix B, for SHA-1, cut to six digits.
func TestTOTPVectors(t *testing.T) {
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := code([]byte("12345678901234567890"), at/step); got != want {
			t.Errorf("at %d: got %s, want %s", at, got, want)
		}
	}
}

func TestTOTPCountsOnce(t *testing.T) {
	secret := []byte("12345678901234567890")
	now := noon.Unix() / step
	for _, c := range []struct {
		name  string
		typed string
		last  int64
		ok    bool
	}{
		{"now", code(secret, now), 0, true},
		{"a step ago", code(secret, now-1), 0, true},
		{"a step ahead", code(secret, now+1), 0, true},
		{"two steps ago", code(secret, now-2), 0, false},
		{"two steps ahead", code(secret, now+2), 0, false},
		{"taken already", code(secret, now), now, false},
		{"older than one that was taken", code(secret, now-1), now, false},
		{"newer than one that was taken", code(secret, now), now - 1, true},
		{"nothing", "", 0, false},
		{"another", "000000", 0, false},
	} {
		if got, ok := StepOf(secret, c.typed, noon, c.last); ok != c.ok || ok && got < now-1 {
			t.Errorf("%s: got step %d, %v", c.name, got, ok)
		}
	}
}

func TestPasswords(t *testing.T) {
	for password, want := range map[string]string{
		"brown kettle morning": "", "Zürich–Genève 7": "", "correct horse battery staple": "", "xk3 97 plq 5 mn": "",
		"short": "password_too_short", "elevenchars": "password_too_short", "": "password_too_short",
		strings.Repeat("ab cd ef ", 15): "password_too_long", "\xff\xfe and more than twelve": "password_too_long",
		"aaaaaaaaaaaaaaaa": "password_guessable", "abcdefghijklmnop": "password_guessable", "1234567890123": "password_guessable",
		"password12345": "password_guessable", "Fontaine2026!": "password_guessable", "contoso.example1": "password_guessable", "qwertqwertqwert": "password_guessable",
		"ababababababab": "password_guessable", "Maria Fontaine 1": "password_guessable", "m.fontaine@contoso.example": "password_guessable",
		"p4ssw0rdp4ssw0rd": "password_guessable", "sojdlg123aljg": "password_guessable", "polniypizdec0211": "password_guessable", // the last two look drawn, and are among the leaked
	} {
		if err := Acceptable(password, "Maria Fontaine", "m.fontaine@contoso.example"); err == nil && want != "" || err != nil && fault.CodeOf(err) != want {
			t.Errorf("%q: got %v, want %q", password, err, want)
		}
	}
}

func TestHashes(t *testing.T) {
	hash := Hash([]byte("0123456789abcdef"), "brown kettle morning")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the cost is another: %s", hash)
	}
	for _, c := range []struct {
		hash, password string
		want           bool
	}{
		{hash, "brown kettle morning", true}, {hash, "brown kettle morninG", false}, {hash, "", false}, {Decoy, "brown kettle morning", false},
		{"", "", false}, {"$argon2id$v=19$m=19456,t=2,p=1$$", "", false}, {strings.Replace(hash, "m=19456", "m=99999999", 1), "brown kettle morning", false},
	} {
		if got := Matches(c.hash, c.password); got != c.want {
			t.Errorf("%s with %q: %v", c.hash, c.password, got)
		}
	}
	if len(strings.Split(Decoy, "$")) != 6 || len(Decoy) != len(hash) {
		t.Error("the decoy is no hash: an unknown person would be answered sooner than a known one")
	}
}

func TestPause(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		0: 0, 4: 0, 5: time.Minute, 6: 2 * time.Minute, 7: 4 * time.Minute, 10: 32 * time.Minute, 11: time.Hour, 12: time.Hour, 1000: time.Hour,
	} {
		if got := WaitAfter(failures); got != want {
			t.Errorf("after %d: got %v, want %v", failures, got, want)
		}
	}
}

func TestMailAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"a@b.example": true, "m.o'neil+x@b-c.example": true, "größe@müller.example": true,
		"": false, "a": false, "@b.example": false, "a@": false, "a@b": false, "a@.b": false, "a@b.": false, "a b@c.example": false,
		"a@b@c.example": false, "<a@b.example>": false, "a@b.example,c@d.example": false, "a@b.example\n": false,
	} {
		if got := IsMail(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
