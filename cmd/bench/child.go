package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// result is the result of one way. Seconds are those of the work itself, without starting the process.
type result struct {
	Seconds float64
	CPU     float64            // seconds of processor time of the whole process, system's included
	RSS     int64              // peak, bytes
	Steps   map[string]float64 // seconds of the parts of the work
	Rows    int64
	Groups  int64
	Cost    string // Σ BillingPreTaxTotal, exact
	Rated   string // Σ of what every edge sells for, exact, by currency
	Stored  int64  // bytes of the usage store
	Archive int64  // bytes of the kept source
	Source  int64  // bytes of the file, unpacked
}

func (r result) String() string {
	s := fmt.Sprintf("%7.2f s, %6.2f s of CPU, %5d MB", r.Seconds, r.CPU, r.RSS>>20)
	for _, name := range []string{"import", "rate", "cold"} {
		if t, ok := r.Steps[name]; ok {
			s += fmt.Sprintf(", %s %.2f s", name, t)
		}
	}
	if r.Rows > 0 && r.Seconds > 0 {
		s += fmt.Sprintf(", %.0fk rows/s", float64(r.Rows)/r.Seconds/1000)
	}
	return s
}

// self measures a way in a process of this program.
func (b *bench) self(way string) func(context.Context, string) (result, error) {
	return func(ctx context.Context, file string) (result, error) {
		me, err := os.Executable()
		if err != nil {
			return result{}, err
		}
		args := []string{"child", "-way", way, "-file", file, "-dir", b.dir, "-memory", b.memory}
		var said bytes.Buffer
		cmd := exec.CommandContext(ctx, me, args...)
		cmd.Stdout, cmd.Stderr = &said, os.Stderr
		r, err := timed(cmd)
		if err != nil {
			return r, err
		}
		cpu := r.CPU
		err = json.Unmarshal(said.Bytes(), &r)
		r.CPU = cpu
		return r, err
	}
}

// timed runs a process and measures it.
func timed(cmd *exec.Cmd) (result, error) {
	start := time.Now()
	err := cmd.Run()
	r := result{Seconds: since(start)}
	if s := cmd.ProcessState; s != nil {
		r.CPU = (s.UserTime() + s.SystemTime()).Seconds()
		if u, ok := s.SysUsage().(*syscall.Rusage); ok {
			r.RSS = u.Maxrss << 10
		}
	}
	return r, err
}

// child is one way, in its own process: it prints its result as JSON.
func child(ctx context.Context) error {
	set := flag.NewFlagSet("child", flag.ExitOnError)
	way := set.String("way", "", "what to do")
	file := set.String("file", "", "the usage file")
	dir := set.String("dir", "", "folder with world.yaml and book.yaml")
	memory := set.String("memory", "1GB", "memory limit of DuckDB")
	cpu := set.String("cpuprofile", "", "write a profile here")
	mem := set.String("memprofile", "", "write a profile of allocations here")
	if err := set.Parse(os.Args[2:]); err != nil {
		return err
	}
	ways := map[string]func(context.Context, string, string, string) (result, error){
		"import": importWay, "rerate": rerateWay, "readcsv": readcsvWay, "limit": limitWay, "rates": ratesWay,
	}
	debug.SetMemoryLimit(1 << 30) // as cmd/purveyor does
	run := ways[*way]
	if run == nil {
		return fmt.Errorf("there is no way %q", *way)
	}
	if *cpu != "" {
		f, err := os.Create(*cpu)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	r, err := run(ctx, *file, *dir, *memory)
	if err != nil {
		return err
	}
	if *mem != "" {
		f, err := os.Create(*mem)
		if err != nil {
			return err
		}
		runtime.GC()
		if err := pprof.Lookup("allocs").WriteTo(f, 0); err != nil {
			return err
		}
	}
	r.RSS = peak()
	return json.NewEncoder(os.Stdout).Encode(r)
}

// peak is the most memory this process ever had, in bytes; 0 where the system does not say.
func peak() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		if rest, ok := strings.CutPrefix(in.Text(), "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			return kb << 10
		}
	}
	return 0
}
