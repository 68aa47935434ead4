package microsoft

import (
	"bytes"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/period"
)

// ParseDay reads the day of "2026-09-30", with or without a time behind it, and of "9/30/2026", with or without one.
// Days that do not exist, and years before 2000 or after 2199, are none. Reading is the version of the rules to read by.
func ParseDay(reading int, b []byte) (period.Date, bool) {
	b = bytes.TrimSpace(b)
	if i := bytes.IndexAny(b, "T "); i > 0 {
		b = b[:i]
	}
	var y, m, d int
	var ok bool
	if len(b) == 10 && b[4] == '-' && b[7] == '-' {
		y, m, d, ok = digits(b[:4]), digits(b[5:7]), digits(b[8:]), true
	} else if i, j := bytes.IndexByte(b, '/'), bytes.LastIndexByte(b, '/'); i > 0 && j > i {
		y, m, d, ok = digits(b[j+1:]), digits(b[:i]), digits(b[i+1:j]), len(b)-j == 5
	}
	if !ok || y < 2000 || y > 2199 || m < 1 || m > 12 || d < 1 || d > 31 {
		return 0, false
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if t.Day() != d {
		return 0, false
	}
	return period.DateOf(t), true
}

// digits is the number a few digits stand for, or −1.
func digits(b []byte) int {
	if len(b) == 0 || len(b) > 4 {
		return -1
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// plainDays writes days in one way, whatever the format of the file: "9/30/2026" of a CSV file and
// "2026-09-30T00:00:00Z" of JSON lines are both 2026-09-30, or else the same row would be two. Rows of a file mostly
// repeat a day, so the last one is remembered.
type plainDays struct{ printed, plain []byte }

// of is the day in plain form; what is no day, or a time of day, stays as it is printed.
func (d *plainDays) of(reading int, text []byte) []byte {
	if !bytes.Equal(text, d.printed) {
		d.printed = append(d.printed[:0], text...)
		d.plain = append(d.plain[:0], plainDay(reading, text)...)
	}
	return d.plain
}

func plainDay(reading int, text []byte) []byte {
	day, ok := ParseDay(reading, text)
	if !ok || !midnight(bytes.TrimSpace(text)) {
		return text
	}
	return []byte(day.String())
}

// midnight says whether what follows a date is nothing, or the beginning of the day in UTC.
func midnight(text []byte) bool {
	i := bytes.IndexAny(text, "T ")
	if i < 0 {
		return true
	}
	t := strings.ToUpper(string(text[i+1:]))
	if t == "12:00:00 AM" || t == "12:00 AM" {
		return true
	}
	return strings.Trim(strings.TrimSuffix(strings.TrimSuffix(t, "Z"), "+00:00"), "0:.") == ""
}
