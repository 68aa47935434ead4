package org

import "strings"

// The check digits of tax ids, by the rules that the countries publish. Each is asked with digits in the form it
// expects: the shape was looked at before.

func digit(s string, i int) int { return int(s[i] - '0') }

// number is the value of up to 18 digits.
func number(s string) (n int) {
	for i := range len(s) {
		n = n*10 + digit(s, i)
	}
	return n
}

// weighted is the sum of the first digits, each times its weight.
func weighted(s string, weights ...int) (sum int) {
	for i, w := range weights {
		sum += digit(s, i) * w
	}
	return sum
}

// luhn holds for digits whose last is a check digit after Luhn.
func luhn(s string) bool {
	sum := 0
	for i := range len(s) {
		d := digit(s, len(s)-1-i)
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum%10 == 0
}

// mod11and10 is ISO 7064 MOD 11,10.
func mod11and10(s string) bool {
	p := 10
	for i := range len(s) - 1 {
		sum := (digit(s, i) + p) % 10
		if sum == 0 {
			sum = 10
		}
		p = 2 * sum % 11
	}
	return (11-p)%10 == digit(s, len(s)-1)
}

func austrianVAT(s string) bool { // U and 8 digits
	s, sum := s[1:], 4
	for i := range 7 {
		d := digit(s, i) * (1 + i%2)
		sum += d/10 + d%10
	}
	return (10-sum%10)%10 == digit(s, 7)
}

func belgianVAT(s string) bool { return 97-number(s[:8])%97 == number(s[8:]) }

func britishVAT(s string) bool {
	if s[0] < '0' || s[0] > '9' {
		return true // of a government department or health authority
	}
	sum := weighted(s, 8, 7, 6, 5, 4, 3, 2) + number(s[7:9])
	return sum%97 == 0 || (sum+55)%97 == 0
}

func frenchVAT(s string) bool {
	key, siren := s[:2], s[2:]
	if strings.Trim(key, "0123456789") != "" || strings.HasPrefix(siren, "000") {
		return true // keys with letters follow no published rule; Monaco's numbers are none of the French register
	}
	return luhn(siren) && number(key) == (12+3*(number(siren)%97))%97
}

func swissVAT(s string) bool { // E and 9 digits
	return (11-weighted(s[1:], 5, 4, 3, 2, 7, 6, 5, 4)%11)%11 == digit(s, 9)
}

func norwegianVAT(s string) bool {
	return (11-weighted(s, 3, 2, 7, 6, 5, 4, 3, 2)%11)%11 == digit(s, 8)
}

// dutchVAT holds by the number's own check digit, or for sole traders by that of the whole id modulo 97.
func dutchVAT(s string) bool {
	return weighted(s, 9, 8, 7, 6, 5, 4, 3, 2)%11 == digit(s, 8) || mod97("NL"+s) == 1
}

func malteseVAT(s string) bool { return 37-weighted(s, 3, 4, 6, 7, 8, 9)%37 == number(s[6:]) }

func spanishVAT(s string) bool {
	const persons, companies = "TRWAGMYFPDXBNJZSQVHLCKE", "JABCDEFGHI"
	last := s[8:]
	if at := strings.IndexByte("XYZ", s[0]); at >= 0 {
		return last == persons[(at*10_000_000+number(s[1:8]))%23:][:1]
	}
	if s[0] >= '0' && s[0] <= '9' {
		return last == persons[number(s[:8])%23:][:1]
	}
	if strings.IndexByte("KLM", s[0]) >= 0 {
		return true // persons without a number of their own: the rule changed, and both are in use
	}
	sum := 0
	for i := range 7 {
		d := digit(s, i+1)
		if i%2 == 0 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	check := (10 - sum%10) % 10
	return last == companies[check:][:1] || last == string(rune('0'+check))
}
