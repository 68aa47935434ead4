package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb/readcsv"
)

// storeOf is the folder of the stores that a file is imported into.
func storeOf(file, dir string) string { return filepath.Join(dir, "store-"+filepath.Base(file)) }

// importWay imports a file into new stores, rates its month and rolls it up; when it returns, all of it is durable.
func importWay(ctx context.Context, file, dir, memory string) (result, error) {
	store := storeOf(file, dir)
	if err := os.RemoveAll(store); err != nil {
		return result{}, err
	}
	if err := os.MkdirAll(store, 0o755); err != nil {
		return result{}, err
	}
	p, err := open(ctx, store, memory)
	if err != nil {
		return result{}, err
	}
	if err := p.apply(ctx, dir); err != nil {
		return result{}, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return result{}, err
	}
	source := intake.Source{Name: file, Size: info.Size(), Open: func() (io.ReadCloser, error) { return os.Open(file) }}
	r := result{Steps: map[string]float64{}}
	start := time.Now()
	load, err := p.Intake.Import(ctx, intake.Request{Sources: []intake.Source{source}, Complete: true})
	if err != nil {
		return r, err
	}
	r.Steps["import"] = since(start)
	if err := p.rollUp(ctx, &r); err != nil {
		return r, err
	}
	r.Seconds = since(start)
	r.Steps["rate"] = r.Seconds - r.Steps["import"]
	r.Source = load.Files[0].Bytes
	if err := p.Close(); err != nil {
		return r, err
	}
	if r.Stored, err = sizeOf(filepath.Join(store, "usage.duckdb")); err != nil {
		return r, err
	}
	if r.Archive, err = sizeOf(filepath.Join(store, "files")); err != nil {
		return r, err
	}
	if filepath.Base(file) != ratedAgain {
		err = os.RemoveAll(store)
	}
	return r, err
}

// ratedAgain is the file whose store is kept, for rating it again.
const ratedAgain = "usage.csv"

// sizeOf is the bytes of a file, or of all files in a folder.
func sizeOf(path string) (n int64, err error) {
	err = filepath.Walk(path, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			n += info.Size()
		}
		return err
	})
	return n, err
}

// rerateWay rates the rows of an earlier import several times; the first is cold, the median of the others counts.
func rerateWay(ctx context.Context, file, dir, memory string) (result, error) {
	p, err := open(ctx, storeOf(file, dir), memory)
	if err != nil {
		return result{}, err
	}
	defer p.Close()
	r := result{Steps: map[string]float64{}}
	var times []float64
	for i := range 4 {
		start := time.Now()
		if err := p.rollUp(ctx, &r); err != nil {
			return r, err
		}
		if i == 0 {
			r.Steps["cold"] = since(start)
		} else {
			times = append(times, since(start))
		}
	}
	r.Seconds = times[0] + times[1] + times[2] - min(times[0], times[1], times[2]) - max(times[0], times[1], times[2])
	return r, nil
}

// readcsvWay is DuckDB's own reader over the typed columns.
func readcsvWay(_ context.Context, file, dir, memory string) (result, error) {
	database := filepath.Join(dir, "readcsv.duckdb")
	for _, path := range []string{database, database + ".wal"} {
		if err := os.RemoveAll(path); err != nil {
			return result{}, err
		}
	}
	columns, err := columnsOf(file)
	if err != nil {
		return result{}, err
	}
	d, err := readcsv.Open(database, memory, 2)
	if err != nil {
		return result{}, err
	}
	defer os.Remove(database)
	defer d.Close()
	r := result{}
	start := time.Now()
	if err := d.Load(file, columns); err != nil {
		return r, err
	}
	r.Seconds = since(start)
	rows, total, err := d.Sum("BillingPreTaxTotal")
	if err != nil {
		return r, err
	}
	r.Rows, r.Cost = rows, strings.TrimRight(total, "0")
	r.Stored, err = sizeOf(database)
	return r, err
}

// columnsOf reads the header of a file; what is typed is what both DuckDB and PostgreSQL are given as types.
func columnsOf(file string) ([]readcsv.Column, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	header, err := bufio.NewReader(f).ReadString('\n')
	if err != nil {
		return nil, err
	}
	types := map[string]string{}
	for t, names := range map[string]string{
		"VARCHAR": `PartnerId CustomerId CustomerCountry MPNID ResellerMPNID InvoiceNumber ProductId SkuId AvailabilityId PublisherName
			SubscriptionId MeterCategory MeterId MeterSubCategory MeterName MeterRegion ResourceLocation ConsumedService ResourceGroup
			ResourceURI ChargeType BillingCurrency PricingCurrency Tags EntitlementId`,
		"DATE":           `ChargeStartDate UsageDate`,
		"DECIMAL(38,18)": `UnitPrice Quantity BillingPreTaxTotal PricingPreTaxTotal EffectiveUnitPrice PCToBCExchangeRate`,
	} {
		for _, n := range strings.Fields(names) {
			types[n] = t
		}
	}
	var out []readcsv.Column
	for _, n := range strings.Split(strings.TrimSpace(header), ",") {
		out = append(out, readcsv.Column{Name: n, Type: types[n]})
	}
	return out, nil
}
