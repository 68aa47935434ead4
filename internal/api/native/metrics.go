package native

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// metrics is what Prometheus may read. Nothing in it names a customer or an amount.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	server   *Server
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(), server: s,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "purveyor_requests_total", Help: "Requests by command and status."},
			[]string{"command", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "purveyor_request_seconds", Help: "How long requests took.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10, 60, 600}}, []string{"command"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) request(command string, status int, took time.Duration) {
	command = cmp.Or(command, "other")
	m.requests.WithLabelValues(command, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(command).Observe(took.Seconds())
}

// Describe and Collect read the counts of jobs and rows when asked.
func (m *metrics) Describe(c chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, c) }

// Collect is part of the same.
func (m *metrics) Collect(c chan<- prometheus.Metric) {
	jobs := prometheus.NewDesc("purveyor_jobs", "Jobs by state.", []string{"state"}, nil)
	refused := prometheus.NewDesc("purveyor_sign_ins_unrecorded_total", "Attempts to sign in that were refused and left no record.", []string{"as"}, nil)
	events := prometheus.NewDesc("purveyor_events", "Records in the event log.", nil, nil)
	ctx, cancel := context.WithTimeout(access.AsLocalOperator(context.Background()), 5*time.Second)
	defer cancel()
	if m.server.DB == nil {
		return
	}
	unknown, known := m.server.Sessions.Unrecorded()
	c <- prometheus.MustNewConstMetric(refused, prometheus.CounterValue, float64(unknown), "unknown")
	c <- prometheus.MustNewConstMetric(refused, prometheus.CounterValue, float64(known), "known")
	err := m.server.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		for _, state := range []job.State{job.Queued, job.Running, job.Failed} {
			list, err := m.server.Jobs.Jobs(ctx, r, scope.All(), job.Filter{State: state})
			if err != nil {
				return err
			}
			c <- prometheus.MustNewConstMetric(jobs, prometheus.GaugeValue, float64(len(list)), string(state))
		}
		last, err := m.server.Events.Store.Last(ctx, r)
		c <- prometheus.MustNewConstMetric(events, prometheus.CounterValue, float64(last.Number))
		return err
	})
	if err != nil {
		m.server.Log.WarnContext(ctx, "metrics could not be read", "error", err)
	}
}
