package usage

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// EntryFamily is the product family of daily usage: a third party's, or Azure.
func EntryFamily(e *Entry) string {
	if thirdParty(e[PublisherName], e[PublisherID]) {
		return pricing.FamilyMarketplace
	}
	return pricing.FamilyAzure
}

func thirdParty(name, id string) bool {
	return id != "" && !strings.HasPrefix(strings.ToLower(name), "microsoft")
}

// Family is the product family of a statement line, tested in the order the provider documents; "" when nothing the
// line says tells it, which is for somebody to answer.
func Family(l *StatementLine) string {
	term := strings.ToLower(l.TermAndBillingCycle)
	switch {
	case thirdParty(l.PublisherName, l.PublisherID):
		return pricing.FamilyMarketplace
	case strings.Contains(term, "reservation"):
		return pricing.FamilyReservation
	case strings.Contains(term, "savings plan"):
		return pricing.FamilySavingsPlan
	case strings.Contains(term, "subscription"):
		return pricing.FamilySoftware
	case strings.Contains(term, "one-month"), strings.Contains(term, "one-year"), strings.Contains(term, "three-year"):
		return pricing.FamilyLicence
	case term == "" && l.ChargeEnd == 0:
		return pricing.FamilyPerpetual
	case strings.EqualFold(strings.TrimSpace(l.SubscriptionDescription), "azure plan"), l.MeterDescription != "":
		return pricing.FamilyAzure
	}
	return ""
}
