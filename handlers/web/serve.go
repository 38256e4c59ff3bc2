package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// ServeOptions limits connections; zero fields take the defaults in brackets.
type ServeOptions struct {
	ReadHeader time.Duration // [5 s]
	Read       time.Duration // [30 s]
	Write      time.Duration // [30 s]; streams extend it
	Idle       time.Duration // [2 min]
	Shutdown   time.Duration // the maximum wait for requests in flight [20 s]
	Log        *slog.Logger
}

// Serve serves h on a listener until ctx ends, then stops accepting requests and waits for those in
// flight. It returns nil after such a shutdown.
func Serve(ctx context.Context, l net.Listener, h http.Handler, o ServeOptions) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: cmp.Or(o.ReadHeader, 5*time.Second),
		ReadTimeout:       cmp.Or(o.Read, 30*time.Second),
		WriteTimeout:      cmp.Or(o.Write, 30*time.Second),
		IdleTimeout:       cmp.Or(o.Idle, 2*time.Minute),
		MaxHeaderBytes:    32 << 10,
	}
	if o.Log != nil {
		server.ErrorLog = slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)
	}
	if app, ok := h.(*App); ok {
		server.RegisterOnShutdown(app.Close)
		app.unread.watch(server)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("web: serve: %w", err)
	case <-ctx.Done():
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(o.Shutdown, 20*time.Second))
	defer cancel()
	if err := server.Shutdown(wait); err != nil {
		_ = server.Close() // requests still in flight have had their time
		return fmt.Errorf("web: requests still in flight at shutdown: %w", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
