package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// result is the measurement of one load.
type result struct {
	count    int
	rate     float64 // per second
	p50, p99 time.Duration
}

func short(d time.Duration) string { return fmt.Sprintf("%.2fms", float64(d.Microseconds())/1000) }

// load sends prepared requests over persistent connections, each as soon as the previous one on its
// connection is answered, and checks every response. It uses as little CPU as possible, since it
// shares the machine with what it measures.
func load(addr string, conns int, requests [][]byte, good func(status int, body []byte) bool) (result, error) {
	var next, failed atomic.Int64
	var firstErr atomic.Value
	took := make([][]time.Duration, conns)
	var wg sync.WaitGroup
	began := time.Now()
	for c := range conns {
		wg.Go(func() {
			if err := client(addr, requests, &next, good, &took[c], &failed); err != nil {
				firstErr.CompareAndSwap(nil, err)
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(began)
	if err, ok := firstErr.Load().(error); ok {
		return result{}, err
	}
	if n := failed.Load(); n > 0 {
		return result{}, fmt.Errorf("%d of %d answers were not the expected ones", n, len(requests))
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	return result{count: len(all), rate: float64(len(all)) / elapsed.Seconds(), p50: all[len(all)/2], p99: all[len(all)*99/100]}, nil
}

func client(
	addr string, requests [][]byte, next *atomic.Int64, good func(int, []byte) bool, took *[]time.Duration,
	failed *atomic.Int64,
) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer func() { conn.Close() }()
	reader := bufio.NewReader(conn)
	for {
		i := int(next.Add(1)) - 1
		if i >= len(requests) {
			return nil
		}
		began := time.Now()
		if _, err := conn.Write(requests[i]); err != nil {
			return err
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return err
		}
		*took = append(*took, time.Since(began))
		if !good(response.StatusCode, body) {
			failed.Add(1)
		}
		if response.Close {
			conn.Close()
			if conn, err = net.Dial("tcp", addr); err != nil {
				return err
			}
			reader.Reset(conn)
		}
	}
}

// request returns the bytes of one HTTP request.
func request(method, path, body string, header ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: bench\r\n", method, path)
	for i := 0; i+1 < len(header); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", header[i], header[i+1])
	}
	if method != http.MethodGet {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}
