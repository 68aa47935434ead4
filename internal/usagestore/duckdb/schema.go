package duckdb

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// columnNames are the SQL names of the columns that make up an entry. What is a fact, a variant or tags has none.
var columnNames = [usage.NumColumns]string{
	usage.PartnerID: "partner_id", usage.PartnerName: "partner_name",
	usage.CustomerID: "customer_id", usage.CustomerName: "customer_name",
	usage.CustomerDomainName: "customer_domain_name", usage.CustomerCountry: "customer_country",
	usage.MPNID: "mpn_id", usage.ResellerMPNID: "reseller_mpn_id", usage.InvoiceNumber: "invoice_number",
	usage.ProductID: "product_id", usage.SkuID: "sku_id", usage.AvailabilityID: "availability_id",
	usage.SkuName: "sku_name", usage.ProductName: "product_name",
	usage.PublisherName: "publisher_name", usage.PublisherID: "publisher_id",
	usage.SubscriptionDescription: "subscription_description", usage.SubscriptionID: "subscription_id",
	usage.ChargeStartDate: "charge_start_date", usage.ChargeEndDate: "charge_end_date",
	usage.MeterType: "meter_type", usage.MeterCategory: "meter_category", usage.MeterID: "meter_id",
	usage.MeterSubCategory: "meter_sub_category", usage.MeterName: "meter_name", usage.MeterRegion: "meter_region",
	usage.Unit: "unit", usage.ResourceLocation: "resource_location", usage.ConsumedService: "consumed_service",
	usage.ResourceGroup: "resource_group", usage.ResourceURI: "resource_uri", usage.ChargeType: "charge_type",
	usage.UnitType: "unit_type", usage.BillingCurrency: "billing_currency", usage.PricingCurrency: "pricing_currency",
	usage.ServiceInfo1: "service_info1", usage.ServiceInfo2: "service_info2", usage.AdditionalInfo: "additional_info",
	usage.EntitlementID: "entitlement_id", usage.EntitlementDescription: "entitlement_description",
	usage.ReservationID: "reservation_id",
}

// entryColumns are the columns of an entry in the order in which the table has them.
func entryColumns() []usage.Column {
	var out []usage.Column
	for c := range usage.NumColumns {
		if usage.PartOf(c) == usage.PartEntry {
			out = append(out, c)
		}
	}
	return out
}

// sqlNames lists columns of entries for a statement, each with what stands before and after its name.
func sqlNames(columns []usage.Column, before, after string) string {
	var out []string
	for _, c := range columns {
		out = append(out, before+columnNames[c]+after)
	}
	return strings.Join(out, ", ")
}

// The tables that hold rows of a load; each has a column load.
var tables = [...]string{"facts", "wide", "cells", "entries", "tag_sets", "tag_pairs", "variants"}

// tablesOfVersion1 makes the tables as the first builds did. There are neither keys nor indexes: the statements scan and
// hash, and a load's numbers are unique because it hands them out.
//
// An amount is a money.Fixed in its two halves, x_hi and x_lo: x = (x_hi × 2^64 + x_lo) × 10^-18. Each half is summed
// as HUGEINT, which 10^11 rows cannot overflow, and joined in Go. DECIMAL(38,18) would hold the same but is twice as
// slow to write and to sum: DuckDB packs 64 bits at full speed and 128 do not. Wide literals are head (18 decimals)
// plus tail (the rest, in units of 10^-39).
func tablesOfVersion1() []string {
	first := slices.DeleteFunc(entryColumns(), func(c usage.Column) bool { return c == usage.ReservationID })
	return []string{
		`CREATE TABLE IF NOT EXISTS loads (number UINTEGER, closed BOOLEAN)`,
		`CREATE TABLE IF NOT EXISTS entries (load UINTEGER, number UINTEGER, hash UHUGEINT, ` + sqlNames(first, "", " VARCHAR") + `)`,
		`CREATE TABLE IF NOT EXISTS tag_sets (load UINTEGER, number UINTEGER, hash UHUGEINT, text VARCHAR)`,
		`CREATE TABLE IF NOT EXISTS tag_pairs (load UINTEGER, tag_set UINTEGER, position UINTEGER, key VARCHAR, value VARCHAR)`,
		`CREATE TABLE IF NOT EXISTS variants (load UINTEGER, number UINTEGER, hash UHUGEINT, unit_price VARCHAR,
			exchange_rate VARCHAR, exchange_rate_date VARCHAR, earned_credit VARCHAR, credit VARCHAR, credit_type VARCHAR,
			benefit_order_id VARCHAR, benefit_id VARCHAR, benefit_type VARCHAR, covered BOOLEAN)`,
		`CREATE TABLE IF NOT EXISTS facts (load UINTEGER, batch UINTEGER, entry UINTEGER, tag_set UINTEGER,
			variant UINTEGER, day DATE, file USMALLINT, line UINTEGER, quantity_hi BIGINT, quantity_lo UBIGINT,
			effective_unit_price_hi BIGINT, effective_unit_price_lo UBIGINT, cost_hi BIGINT, cost_lo UBIGINT,
			pricing_hi BIGINT, pricing_lo UBIGINT)`,
		`CREATE TABLE IF NOT EXISTS wide (load UINTEGER, batch UINTEGER, entry UINTEGER, tag_set UINTEGER,
			variant UINTEGER, day DATE, file USMALLINT, line UINTEGER, kind USMALLINT, head HUGEINT, tail HUGEINT)`,
		`CREATE TABLE IF NOT EXISTS cells (load UINTEGER, batch UINTEGER, entitlement VARCHAR, day DATE, rows BIGINT,
			hash UHUGEINT)`,
	}
}
