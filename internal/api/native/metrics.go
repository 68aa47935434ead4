package native

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// gauges reads the counts of jobs, events and refused sign-ins when Prometheus asks.
type gauges struct{ *Server }

func describeJobs() *prometheus.Desc {
	return prometheus.NewDesc("purveyor_jobs", "Jobs by state.", []string{"state"}, nil)
}

func describeRefused() *prometheus.Desc {
	return prometheus.NewDesc("purveyor_sign_ins_unrecorded_total", "Attempts to sign in that were refused and left no record.", []string{"as"}, nil)
}

func describeEvents() *prometheus.Desc {
	return prometheus.NewDesc("purveyor_events", "Records in the event log.", nil, nil)
}

// Describe is part of prometheus.Collector.
func (gauges) Describe(c chan<- *prometheus.Desc) {
	c <- describeJobs()
	c <- describeRefused()
	c <- describeEvents()
}

// Collect is part of the same.
func (g gauges) Collect(c chan<- prometheus.Metric) {
	jobs, refused, events := describeJobs(), describeRefused(), describeEvents()
	ctx, cancel := context.WithTimeout(access.AsLocalOperator(context.Background()), 5*time.Second)
	defer cancel()
	unknown, known := g.Sessions.Unrecorded()
	c <- prometheus.MustNewConstMetric(refused, prometheus.CounterValue, float64(unknown), "unknown")
	c <- prometheus.MustNewConstMetric(refused, prometheus.CounterValue, float64(known), "known")
	err := g.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		for _, state := range []job.State{job.Queued, job.Running, job.Failed} {
			list, err := g.Jobs.Jobs(ctx, r, scope.All(), job.Filter{State: state})
			if err != nil {
				return err
			}
			c <- prometheus.MustNewConstMetric(jobs, prometheus.GaugeValue, float64(len(list)), string(state))
		}
		last, err := g.Events.Store.Last(ctx, r)
		c <- prometheus.MustNewConstMetric(events, prometheus.CounterValue, float64(last.Number))
		return err
	})
	if err != nil {
		g.Log.WarnContext(ctx, "metrics could not be read", "error", err)
	}
}
