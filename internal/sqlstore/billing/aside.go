package billing

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

type asideRow struct {
	bun.BaseModel `bun:"table:usage_aside"`
	Ref           string
	Load          int64
	Period        string
	Line          int64
	Open          bool
	Answer        string
	Body          string
}

// insertAsides stores what of a load's files does not count, and closes what the load brings.
func (u Usage) insertAsides(ctx context.Context, t tx.Tx, s *usage.Seal) error {
	rows, err := sqlstore.Each(s.Asides, func(a aside.Item) (asideRow, error) {
		text, err := sqlstore.Body(a)
		row := asideRow{Ref: a.Ref, Load: int64(a.LoadNumber), Line: a.Line, Open: a.Answer == nil, Body: text}
		if a.Answer != nil {
			row.Answer = string(a.Answer.How)
		}
		if a.Period != 0 {
			row.Period = a.Period.String()
		}
		return row, err
	})
	if err != nil {
		return err
	}
	if err := sqlstore.Insert(ctx, u.DB.Writer(t), rows...); err != nil {
		return err
	}
	for _, x := range s.Answered {
		if err := u.AnswerAside(ctx, t, scope.All(), x); err != nil {
			return err
		}
	}
	return nil
}

// Asides lists what was kept aside or refused, by load and line. What is of no known month is of every month.
func (u Usage) Asides(ctx context.Context, r tx.Read, s scope.Scope, f aside.Filter) ([]aside.Item, error) {
	if !s.IsAll() {
		return nil, nil
	}
	where := []sqlstore.Fragment{}
	if f.Open {
		where = append(where, sqlstore.SQL("open"))
	}
	if len(f.OpenOr) > 0 {
		where = append(where, sqlstore.SQL("open OR answer IN (?)", sqlstore.List(f.OpenOr)))
	}
	if f.Period != 0 {
		where = append(where, sqlstore.SQL("period IN (?, '')", f.Period.String()))
	}
	if len(f.Refs) > 0 {
		where = append(where, sqlstore.SQL("ref IN (?)", sqlstore.List(f.Refs)))
	}
	return sqlstore.Load[aside.Item](ctx, u.DB.Reader(r).Query("SELECT body FROM usage_aside WHERE ? ORDER BY load, line, ref", sqlstore.And(where...)))
}

// AnswerAside closes what is open; NotFound for an unknown reference, Conflict when it was answered before.
func (u Usage) AnswerAside(ctx context.Context, t tx.Tx, s scope.Scope, x aside.Answered) error {
	q := u.DB.Writer(t)
	var text string
	found := false
	if s.IsAll() {
		var err error
		if found, err = q.Query("SELECT body FROM usage_aside WHERE ref = ?", x.Ref).One(ctx, &text); err != nil {
			return err
		}
	}
	if !found {
		return fault.New(fault.NotFound, "aside_not_found", "nothing kept aside is called %q: nothing was answered; \"unresolved list\" names what is open", x.Ref)
	}
	var a aside.Item
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return err
	}
	if a.Answer != nil {
		return fault.New(fault.Conflict, "aside_answered", "%s was answered before (%s): nothing was changed", x.Ref, a.Answer.How)
	}
	x.Answer.At = x.Answer.At.UTC()
	a.Answer = &x.Answer
	text, err := sqlstore.Body(a)
	if err != nil {
		return err
	}
	_, err = q.Exec(ctx, "UPDATE usage_aside SET open = FALSE, answer = ?, body = ? WHERE ref = ?", string(x.Answer.How), text, x.Ref)
	return err
}
