package sample

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// guid is an identifier in the provider's form that follows from its parts.
func guid(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "/")))
	s := hex.EncodeToString(h[:16])
	return s[:8] + "-" + s[8:12] + "-4" + s[13:16] + "-a" + s[17:20] + "-" + s[20:32]
}

// Partner is the tenant of the partner account.
func Partner() string { return guid("partner") }

// ResellerMPN is the provider's number of a reseller by ordinal; 0 is the partner's own.
func ResellerMPN(n int) string { return fmt.Sprint(4_600_000 + 49_221*n%900_000 + n) }

// Tenant is the tenant of a customer by ordinal, from 1.
func Tenant(n int) string { return guid("tenant", fmt.Sprint(n)) }

// Plan is the commerce subscription of a customer's Azure plan.
func Plan(n int) string { return guid("plan", fmt.Sprint(n)) }

// Entitlements is the Azure subscriptions of a customer, one to three.
func Entitlements(n int) []string {
	var out []string
	for i := range 1 + n%3 {
		out = append(out, guid("entitlement", fmt.Sprint(n), fmt.Sprint(i)))
	}
	return out
}

// Country is where a customer is, ISO 3166-1 alpha-2.
func Country(n int) string {
	all := []string{"DE", "FR", "NL", "GR", "BG", "PL", "ES", "IT", "DE", "AT", "CH", "GB"}
	return all[n%len(all)]
}

// CustomerName is a customer's name in the script of its country.
func CustomerName(n int) string {
	first := map[string][]string{
		"DE": {"Müller Werkzeugbau", "Größe & Söhne", "Nordlicht Energie"}, "FR": {"Forêt Numérique", "Atelier Élysée", "Société Générique"},
		"NL": {"Polder Logistiek", "Van Dijk Bloemen", "IJssel Techniek"}, "GR": {"Αθήνα Λογισμικό", "Αιγαίο Ναυτιλία", "Ελαιώνες Κρήτης"},
		"BG": {"България Софт", "Родопи Храни", "Черно море Транспорт"}, "PL": {"Łódź Tekstylia", "Żuraw Budowa", "Wisła Analityka"},
		"ES": {"Señal Abierta", "Viñedos Ibéricos", "Cañón Digital"}, "IT": {"Città Verde", "Officina Perché", "Lago Azzurro"},
		"AT": {"Alpenöl", "Donau Möbel", "Süßwaren Graz"}, "CH": {"Zürichsee Uhren", "Käserei Appenzell", "Genève Santé"},
		"GB": {"Thames Ledger", "Highland Cashmere", "Bristol Optics"},
	}
	form := map[string]string{"DE": "GmbH", "FR": "SARL", "NL": "B.V.", "GR": "Α.Ε.", "BG": "ООД", "PL": "Sp. z o.o.", "ES": "S.L.", "IT": "S.r.l.", "AT": "GmbH", "CH": "AG", "GB": "Ltd"}
	c := Country(n)
	return fmt.Sprintf("%s %d %s", first[c][n/12%3], n, form[c])
}

// Domain is a customer's initial domain.
func Domain(n int) string { return fmt.Sprintf("customer%d.onmicrosoft.com", n) }

// InvoiceNumber is the provider's invoice of a month "2026-09".
func InvoiceNumber(month string) string { return "G0" + strings.ReplaceAll(month, "-", "") + "71" }
