package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/purveyor-csp/purveyor/internal/signintest"
)

// person is a command for test scripts: a person with a browser. It runs a command that signs in with a device code,
// and completes the sign-in at the page that the command prints: "person MAIL PASSWORD purveyor login …". Its exit
// code is that of the command. Or it opens the link of an invitation and agrees: "person MAIL PASSWORD approve LINK".
func person() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "person MAIL PASSWORD COMMAND…")
		os.Exit(2)
	}
	who := signintest.Person{Mail: os.Args[1], Password: os.Args[2]}
	if os.Args[3] == "approve" {
		if err := who.Approve(os.Args[4]); err != nil {
			fmt.Fprintln(os.Stderr, "at the page:", err)
			os.Exit(1)
		}
		return
	}
	c := exec.Command(os.Args[3], os.Args[4:]...)
	c.Stdout = os.Stdout
	output, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for lines := bufio.NewScanner(output); lines.Scan(); {
		fmt.Fprintln(os.Stderr, lines.Text())
		if page, code, ok := signintest.DevicePrompt(lines.Text()); ok {
			if err := who.AllowDevice(page, code); err != nil {
				fmt.Fprintln(os.Stderr, "at the page:", err)
				_ = c.Process.Kill()
			}
		}
	}
	_ = c.Wait()
	os.Exit(c.ProcessState.ExitCode())
}

// ready is a command for test scripts: it waits until an address answers with status 200, for a minute at most.
func ready() {
	for range 600 {
		if res, err := http.Get(os.Args[1]); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	fmt.Fprintln(os.Stderr, os.Args[1], "does not answer")
	os.Exit(1)
}
