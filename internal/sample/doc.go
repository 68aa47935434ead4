// Package sample makes up usage files of the provider's form: daily rated usage of customers who do not exist, the same
// for the same seed.
//
// It imports no area, so that what it says can be held against what they say. Always true: everything about a customer
// follows from its ordinal alone; PricingPreTaxTotal is unit price × quantity after credit and BillingPreTaxTotal is
// that × the exchange rate, exactly.
package sample
