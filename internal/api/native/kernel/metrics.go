package kernel

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the request metrics for Prometheus. They hold no names of customers and no amounts.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "purveyor_requests_total", Help: "Requests by command and status."},
			[]string{"command", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "purveyor_request_seconds", Help: "How long requests took.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10, 60, 600}}, []string{"command"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) request(command string, status int, took time.Duration) {
	command = cmp.Or(command, "other")
	m.requests.WithLabelValues(command, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(command).Observe(took.Seconds())
}

// Metrics serves the request metrics, and those of another collector.
func (k *Kernel) Metrics(more prometheus.Collector) http.Handler {
	k.metrics.registry.MustRegister(more)
	return promhttp.HandlerFor(k.metrics.registry, promhttp.HandlerOpts{})
}
