package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/pgtest"
)

// postgresSettings are those of a server of its own on a machine like this. With wal_level=minimal a table that is made
// and filled in one transaction is not logged but synced: the fastest durable way in.
func postgresSettings() []string {
	return []string{
		"fsync=on", "synchronous_commit=on", "full_page_writes=on", "wal_level=minimal", "max_wal_senders=0", "max_wal_size=16GB",
		"shared_buffers=2GB", "work_mem=512MB", "maintenance_work_mem=512MB", "effective_cache_size=12GB",
		"max_parallel_workers_per_gather=2", "max_parallel_workers=2", "autovacuum=off",
	}
}

// postgres loads the CSV file with COPY into a typed table, and rates and rolls it up in one statement. Rates lie ready
// beside it, one for each customer, product and meter.
func (b *bench) postgres(ctx context.Context, bin string) error {
	if _, err := b.self("rates")(ctx, b.file(ratedAgain)); err != nil {
		return err
	}
	server, err := pgtest.Start(bin, postgresSettings()...)
	if err != nil {
		return err
	}
	defer server.Remove()
	if err := admin(ctx, server.Address("postgres"), `CREATE DATABASE bench TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'`); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, server.Address("bench"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	b.postgresVersion = ", PostgreSQL " + conn.PgConn().ParameterStatus("server_version")
	if err := loadRates(ctx, conn, b.file("rates.csv")); err != nil {
		return err
	}
	var load float64
	err = b.one(ctx, postgresLoad, "usage.csv", func(ctx context.Context, file string) (result, error) {
		start := time.Now()
		if err := copyLines(ctx, conn, file); err != nil {
			return result{}, err
		}
		load = since(start)
		r, err := ratePostgres(ctx, conn)
		r.Steps = map[string]float64{"import": load, "rate": r.Seconds}
		r.Seconds += load
		return r, err
	})
	for i := 0; i < 3 && err == nil; i++ {
		err = b.one(ctx, postgresRate, "rates.csv", func(ctx context.Context, _ string) (result, error) { return ratePostgres(ctx, conn) })
	}
	return err
}

func admin(ctx context.Context, address string, statements ...string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func loadRates(ctx context.Context, conn *pgx.Conn, file string) error {
	columns := "customerid text, productid text, meterid text"
	for i := range edges {
		columns += fmt.Sprintf(", base%[1]d text, factor%[1]d numeric, currency%[1]d text", i+1)
	}
	if _, err := conn.Exec(ctx, `CREATE TABLE rates (`+columns+`)`); err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := conn.PgConn().CopyFrom(ctx, f, `COPY rates FROM STDIN WITH (FORMAT csv)`); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `ANALYZE rates`)
	return err
}

// copyLines loads every column of the file; those that DuckDB is given as types have the same types here.
func copyLines(ctx context.Context, conn *pgx.Conn, file string) error {
	columns, err := columnsOf(file)
	if err != nil {
		return err
	}
	var list []string
	for _, c := range columns {
		t := strings.NewReplacer("DECIMAL", "numeric", "VARCHAR", "text", "DATE", "date").Replace(c.Type)
		if t == "" {
			t = "text"
		}
		list = append(list, strings.ToLower(c.Name)+" "+t)
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return pgx.BeginFunc(ctx, conn, func(pgx.Tx) error {
		for _, s := range []string{`SET LOCAL datestyle = 'ISO, MDY'`, `DROP TABLE IF EXISTS lines`, `CREATE TABLE lines (` + strings.Join(list, ", ") + `)`} {
			if _, err := conn.Exec(ctx, s); err != nil {
				return err
			}
		}
		_, err := conn.PgConn().CopyFrom(ctx, bufio.NewReaderSize(f, 1<<20), `COPY lines FROM STDIN WITH (FORMAT csv, HEADER true, FREEZE true)`)
		return err
	})
}

// ratePostgres rates the lines and adds them up per customer, entitlement and service: the invoice lines of each edge.
func ratePostgres(ctx context.Context, conn *pgx.Conn) (result, error) {
	sold, sums := "", ""
	for i := range edges {
		sold += fmt.Sprintf(`, CASE r.base%[1]d WHEN 'cost' THEN billingpretaxtotal WHEN 'before' THEN unitprice * quantity * pctobcexchangerate
			ELSE quantity END * r.factor%[1]d AS sold%[1]d, r.currency%[1]d`, i+1)
		sums += fmt.Sprintf(`, sum(sold%[1]d) AS sold%[1]d, currency%[1]d`, i+1)
	}
	if _, err := conn.Exec(ctx, `DROP TABLE IF EXISTS rolled`); err != nil {
		return result{}, err
	}
	start := time.Now()
	_, err := conn.Exec(ctx, `CREATE TEMP TABLE rolled AS SELECT customerid, entitlementid, metercategory, count(*) AS n`+sums+`
		FROM (SELECT customerid, entitlementid, metercategory`+sold+`
			FROM lines JOIN rates r USING (customerid, productid, meterid)
			WHERE NOT (benefittype IS NOT NULL AND billingpretaxtotal = 0)) AS priced
		GROUP BY customerid, entitlementid, metercategory, currency1, currency2, currency3`)
	r := result{Seconds: since(start)}
	if err != nil {
		return r, err
	}
	if err := conn.QueryRow(ctx, `SELECT sum(billingpretaxtotal)::text, count(*) FROM lines`).Scan(&r.Cost, &r.Rows); err != nil {
		return r, err
	}
	r.Cost = money.MustParse(r.Cost).String()
	rated := money.Totals{}
	for i := range edges {
		rows, err := conn.Query(ctx, fmt.Sprintf(`SELECT currency%[1]d, sum(sold%[1]d)::text, count(*) FROM rolled GROUP BY 1`, i+1))
		if err != nil {
			return r, err
		}
		var currency, sum string
		var groups int64
		_, err = pgx.ForEachRow(rows, []any{&currency, &sum, &groups}, func() error {
			r.Groups += groups
			rated.Add(money.Of(money.MustParse(sum), money.Currency(currency)))
			return nil
		})
		if err != nil {
			return r, err
		}
	}
	r.Rated = totals(rated)
	return r, nil
}
