// blitiri.com.ar/go/spf on a workload (see bench/comparison/protocol.py for its input and output).
//
//	blitiri FILE SECONDS
//
// Its resolver reads a map of ready-made answers. It caches nothing between checks.
package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"blitiri.com.ar/go/spf"
)

const pass = 160

type ready struct {
	txt map[string][]string
	mx  map[string][]*net.MX
	ip  map[string][]net.IPAddr
}

func missing(name string) error {
	return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func key(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

func (r *ready) LookupTXT(_ context.Context, name string) ([]string, error) {
	if found, ok := r.txt[key(name)]; ok {
		return found, nil
	}
	return nil, missing(name)
}

func (r *ready) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	if found, ok := r.mx[key(name)]; ok {
		return found, nil
	}
	return nil, missing(name)
}

func (r *ready) LookupIPAddr(_ context.Context, host string) ([]net.IPAddr, error) {
	if found, ok := r.ip[key(host)]; ok {
		return found, nil
	}
	return nil, missing(host)
}

func (r *ready) LookupAddr(_ context.Context, addr string) ([]string, error) {
	return nil, missing(addr)
}

type check struct {
	ip           net.IP
	sender, helo string
}

func now() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

// version is what bench/install wrote beside the program: Debian's version of the package.
func version() string {
	text, err := os.ReadFile(os.Args[0] + ".version")
	if err != nil {
		return ""
	}
	return strings.SplitN(string(text), "-", 2)[0]
}

func main() {
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	seconds, err := strconv.ParseFloat(os.Args[2], 64)
	if err != nil {
		panic(err)
	}
	answers := &ready{map[string][]string{}, map[string][]*net.MX{}, map[string][]net.IPAddr{}}
	var checks []check
	for _, line := range strings.Split(string(data), "\n") {
		field := strings.Split(line, "\t")
		switch {
		case len(field) == 5 && field[0] == "C":
			checks = append(checks, check{net.ParseIP(field[1]), field[2], field[3]})
		case len(field) < 4:
		case field[2] == "TXT":
			answers.txt[key(field[1])] = append(answers.txt[key(field[1])], field[3])
		case field[2] == "MX":
			preference, host, _ := strings.Cut(field[3], " ")
			number, _ := strconv.Atoi(preference)
			answers.mx[key(field[1])] = append(answers.mx[key(field[1])], &net.MX{Host: host, Pref: uint16(number)})
		default:
			answers.ip[key(field[1])] = append(answers.ip[key(field[1])], net.IPAddr{IP: net.ParseIP(field[3])})
		}
	}
	resolver := spf.WithResolver(answers)
	one := func(c check) string {
		result, _ := spf.CheckHostWithSender(c.ip, c.helo, c.sender, resolver)
		return string(result)
	}
	results := make([]string, len(checks))
	for i, c := range checks {
		results[i] = one(c)
	}
	repeats := 1 + pass/len(checks)
	var samples []float64
	for end := now() + seconds; len(samples) == 0 || now() < end; {
		begin := now()
		for again := 0; again < repeats; again++ {
			for _, c := range checks {
				one(c)
			}
		}
		samples = append(samples, (now()-begin)/float64(repeats*len(checks))*1e6)
	}
	sort.Float64s(samples)
	err = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"engine": "blitiri", "version": version(), "median_us": samples[len(samples)/2], "passes": len(samples), "results": results,
	})
	if err != nil {
		panic(err)
	}
}
