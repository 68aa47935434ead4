package microsoft

import (
	"bytes"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/period"
)

// ParseDay reads the day of "2026-09-30", with or without a time behind it, and of "9/30/2026", with or without one.
// Days that do not exist, and years before 2000 or after 2199, are none. Reading is the version of the rules to read by:
// since the second a time must exist, and one with an offset counts on its day in UTC.
func ParseDay(reading int, b []byte) (period.Date, bool) {
	b = bytes.TrimSpace(b)
	var clock []byte
	timed := false
	if i := bytes.IndexAny(b, "T "); i > 0 {
		b, clock, timed = b[:i], b[i+1:], true
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
	day := period.DateOf(t)
	if reading < 2 || !timed {
		return day, true
	}
	seconds, ok := secondOfDay(string(clock))
	switch {
	case seconds < 0:
		day--
	case seconds >= secondsADay:
		day++
	}
	return day, ok
}

const secondsADay = 24 * 60 * 60

// secondOfDay reads "23:30:00", "23:30", "23:30:00.000Z", "11:30:00 PM", "23:30:00-02:00" … as the second of the day in
// UTC: below 0 on the day before, and from 86,400 on on the day after it. 24:00:00 is the beginning of the next day.
func secondOfDay(s string) (int, bool) {
	s, shift, ok := offset(strings.ToUpper(strings.TrimSpace(s)))
	if !ok {
		return 0, false
	}
	s, half := strings.TrimSpace(s), ""
	for _, suffix := range [...]string{"AM", "PM"} {
		if strings.HasSuffix(s, suffix) {
			s, half = strings.TrimSpace(strings.TrimSuffix(s, suffix)), suffix
		}
	}
	clock, fraction, _ := strings.Cut(strings.Replace(s, ",", ".", 1), ".")
	if strings.Trim(fraction, "0123456789") != "" {
		return 0, false
	}
	var n [3]int // hour, minute, second
	parts := strings.Split(clock, ":")
	if len(parts) > len(n) {
		return 0, false
	}
	for i, p := range parts {
		if n[i] = digits([]byte(p)); n[i] < 0 || len(p) > 2 {
			return 0, false
		}
	}
	if half != "" {
		if n[0] < 1 || n[0] > 12 {
			return 0, false
		}
		n[0] %= 12
		if half == "PM" {
			n[0] += 12
		}
	}
	leap := n[2] == 60 && n[1] == 59 // a second that is put in at the end of a day
	whole := n[0] == 24 && n[1] == 0 && n[2] == 0 && strings.Trim(fraction, "0") == ""
	if (n[0] > 23 && !whole) || n[1] > 59 || n[2] > 59 && !leap {
		return 0, false
	}
	return n[0]*3600 + n[1]*60 + min(n[2], 59) - shift, true
}

// offset takes what says how far a time is from UTC off its end: "Z", "+02:00", "-0200", "+02"; in seconds.
func offset(s string) (clock string, seconds int, ok bool) {
	for _, utc := range [...]string{"Z", "UTC", "GMT"} {
		if strings.HasSuffix(s, utc) {
			return strings.TrimSuffix(s, utc), 0, true
		}
	}
	at := strings.LastIndexAny(s, "+-")
	if at < 0 {
		return s, 0, true
	}
	text := strings.Replace(s[at+1:], ":", "", 1)
	if len(text) == 2 {
		text += "00"
	}
	n := digits([]byte(text))
	if len(text) != 4 || n < 0 || n/100 > 14 || n%100 > 59 {
		return s, 0, false
	}
	if seconds = n/100*3600 + n%100*60; s[at] == '-' {
		seconds = -seconds
	}
	return s[:at], seconds, true
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
