package runs

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// prices are the unit prices of a load's variants, by number.
type prices struct {
	variants []variant
	places   int // decimals of the factors
}

// variant is what a query needs to know about a variant; value is nil if no variant has the number.
type variant struct {
	value *usage.Variant
	kind  int
	price money.Decimal
	by    factor
}

// variantBytes is the approximate size of a variant.
const variantBytes = 384

// pricesOf reads the variants of a load. The caller holds the lock of the load.
func (v *Store) pricesOf(ctx context.Context, l *load, unit func(*usage.Variant) (money.Decimal, int)) (*prices, error) {
	if l.prices != nil {
		return l.prices, nil
	}
	err := l.readOnce("prices", func() (err error) {
		l.prices, err = v.readPrices(ctx, l, unit)
		return err
	})
	return l.prices, err
}

func (v *Store) readPrices(ctx context.Context, l *load, unit func(*usage.Variant) (money.Decimal, int)) (*prices, error) {
	list, err := v.source.Variants(ctx, scope.All(), l.number)
	if err != nil {
		return nil, err
	}
	p := &prices{}
	for i := range list {
		n := int(list[i].Number)
		if more := n + 1 - len(p.variants); more > 0 {
			if err := v.reserve(l, int64(more)*variantBytes); err != nil {
				return nil, err
			}
			p.variants = append(p.variants, make([]variant, more)...)
		}
		x := &p.variants[n]
		x.value = &list[i].Value
		x.price, x.kind = unit(x.value)
		p.places = max(p.places, x.price.Places())
	}
	for i := range p.variants {
		var ok bool
		if p.variants[i].by, ok = factorOf(p.variants[i].price, p.places); !ok {
			return nil, errNotKept
		}
	}
	return p, nil
}
