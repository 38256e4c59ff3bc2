package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"tongxing/broker"
	"tongxing/cache"
	"tongxing/configs"
	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/door"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// mode is what the program is started as.
type mode struct {
	demo  bool // with the WeChat simulator and invented data
	empty bool // a demo without the data: a newcomer sets a community up 练习
}

// app is everything a running server is made of. It is closed from the outside in: pages, doors,
// gate, cache, store.
type app struct {
	config    configs.Config
	mode      mode
	log       *slog.Logger
	publicURL string

	store    *store.Store
	cache    *cache.Cache
	gate     *gate.Gate
	door     *door.Door
	broker   *broker.Broker // nil: not configured
	pages    *templates.Renderer
	registry *prometheus.Registry
	figures  *figures
	web      *web.App
	handler  http.Handler
	stageOn  *stage // nil outside the demo
	outbox   *outboxWorker
	syncer   *staffSyncer
	fans     *followerSyncer
	held     atomic.Pointer[string] // why old records are not purged; nil = they are
}

// portAdvice returns advice on an address on which the program cannot listen; "" = nothing is known.
func portAdvice(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "。这个端口已被占用，可能是通行已在运行：请先停止它，或用 TONGXING_HTTP_ADDR=127.0.0.1:8081 换一个端口"
	case errors.Is(err, syscall.EACCES):
		return "。没有权限使用这个端口：请用 TONGXING_HTTP_ADDR 换一个 1024 以上的端口"
	}
	return ""
}

// serve runs the program until ctx ends. It listens from the start, and reports itself not ready
// while it waits for the database.
func serve(ctx context.Context, c configs.Config, m mode, log *slog.Logger, stdout io.Writer) error {
	listener, err := net.Listen("tcp", c.HTTP.Addr)
	if err != nil {
		return fmt.Errorf("监听 %s：%w%s", c.HTTP.Addr, err, portAdvice(err))
	}
	defer listener.Close()
	unlock, err := lockData(c)
	if err != nil {
		return err
	}
	defer unlock()
	if m.demo {
		c = forDemo(c, log)
	}
	a := &app{config: c, mode: m, log: log, registry: prometheus.NewRegistry()}
	if a.publicURL = strings.TrimSuffix(c.HTTP.PublicURL, "/"); a.publicURL == "" {
		a.publicURL = "http://" + listener.Addr().String()
	}
	defer a.close()
	serving, stop := context.WithCancel(ctx)
	defer stop()
	answers, ended := &starting{}, make(chan error, 1)
	go func() {
		defer stop()
		ended <- web.Serve(serving, listener, answers, web.ServeOptions{
			ReadHeader: c.HTTP.ReadHeaderTimeout, Read: c.HTTP.ReadTimeout, Write: c.HTTP.WriteTimeout,
			Idle: c.HTTP.IdleTimeout, Shutdown: c.HTTP.ShutdownTimeout, Log: log,
		})
	}()
	front, err := a.start(serving)
	if err != nil {
		stop()
		return startError(ctx, err, <-ended)
	}
	defer a.work(serving)()
	// Live pages end when the program does: a shutdown waits for everything else in flight.
	defer context.AfterFunc(serving, a.web.Close)()
	answers.become(a.handler)
	a.greet(stdout, front)
	return <-ended
}

// startError returns why a start failed: the port's failure first, since it causes the rest; nil if
// the program was told to stop meanwhile.
func startError(ctx context.Context, start, serve error) error {
	switch {
	case serve != nil:
		return serve
	case ctx.Err() != nil:
		return nil
	}
	return start
}

// start opens everything and returns the path to open first.
func (a *app) start(ctx context.Context) (front string, err error) {
	if err := a.open(ctx); err != nil {
		return "", err
	}
	return a.surfaces(ctx)
}

// work starts the background work; stop ends it and waits.
func (a *app) work(ctx context.Context) (stop func()) {
	behind, stopBehind := context.WithCancel(ctx)
	var working sync.WaitGroup
	working.Go(func() { newJobRunner(a.store, a.log).loop(behind) })
	working.Go(func() { a.syncer.loop(behind) })
	working.Go(func() { a.fans.loop(behind) })
	working.Go(func() { a.outbox.loop(behind) })
	working.Go(func() { a.door.Orders(behind) })
	working.Go(func() { runPeriodic(behind, a.periodic(), a.log) })
	a.serveMetrics(ctx)
	return func() { stopBehind(); working.Wait() }
}

// open opens what all surfaces depend on.
func (a *app) open(ctx context.Context) error {
	var err error
	if a.store, err = openStore(ctx, a.config, a.log, databaseWait); err != nil {
		return err
	}
	return a.openOver(ctx)
}

// openOver opens what is above the store.
func (a *app) openOver(ctx context.Context) error {
	var err error
	if a.cache, err = openCache(a.config.Redis); err != nil {
		return err
	}
	options := []templates.Option{templates.WithZone(a.config.Location())}
	if a.mode.empty {
		options = append(options, templates.WithDemoFront(simulatorFront))
	}
	if a.pages, err = templates.New(false, options...); err != nil {
		return err
	}
	if err := a.pages.CheckAssets(); err != nil {
		return err
	}
	a.figures = newFigures(a.registry, a.store.Unreadable)
	a.gate = gate.New(gate.Options{Store: a.store, Redis: a.cache, Log: a.log, Seen: a.figures.scan})
	a.door = door.New(door.Options{
		Store: a.store, Gate: a.gate, Log: a.log, Seen: a.figures.call, PerReader: rate.Limit(a.config.Limits.ReaderPerSecond),
	})
	newDoorFigures(a.registry, a.store, a.log, a.door.Held)
	a.broker, err = openBroker(ctx, a.config.Broker, a.door)
	return err
}

// databaseWait is how long a server's start waits for a MySQL that does not respond: after a power
// cut the database's machine may come up last.
const databaseWait = 2 * time.Minute

// openStore opens the configured database; an embedded one is created if it does not exist. It
// waits for a MySQL that does not respond.
func openStore(ctx context.Context, c configs.Config, log *slog.Logger, wait time.Duration) (*store.Store, error) {
	if err := prepareData(c, log); err != nil {
		return nil, err
	}
	o := store.Options{MySQLDSN: c.MySQL.DSN.Reveal(), Zone: c.Location(), Log: log, Wait: wait}
	o.WechatApps = configuredWechat(c)
	o.Settings = core.Settings{RecordDays: c.Retention.AccessRecordDays, ConsoleIdleMinutes: int(c.Session.ConsoleIdle / time.Minute)}
	if o.MySQLDSN == "" {
		o.SQLitePath = embeddedFile(c)
	}
	if err := ensureKeys(ctx, c, o); err != nil {
		return nil, err
	}
	var err error
	if o.Keys, err = keyring(c); err != nil {
		return nil, err
	}
	return store.Open(ctx, o)
}

// databaseFile is the name of the embedded database in the data folder.
const databaseFile = "tongxing.db"

// embeddedFile returns the absolute path of the embedded database: a relative folder depends on
// where a command is started.
func embeddedFile(c configs.Config) string {
	file := filepath.Join(c.Data.Dir, databaseFile)
	if whole, err := filepath.Abs(file); err == nil {
		return whole
	}
	return file
}

func openCache(c configs.Redis) (*cache.Cache, error) {
	return cache.Open(cache.Options{
		URL: c.URL.Reveal(), MasterName: c.Master, Addrs: c.Addrs, Password: c.Password.Reveal(), SentinelPass: c.SentinelPassword.Reveal(),
	})
}

func (a *app) close() {
	var errs []error
	if a.web != nil {
		a.web.Close()
	}
	if a.broker != nil {
		errs = append(errs, a.broker.Close())
	}
	if a.door != nil {
		a.door.Close()
	}
	if a.gate != nil {
		a.gate.Close()
	}
	if a.cache != nil {
		errs = append(errs, a.cache.Close())
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	if err := errors.Join(errs...); err != nil {
		a.log.Error("close", "err", err)
	}
}

// newWeb creates the route table's App.
func (a *app) newWeb(errorPage func(*web.Context, web.ErrorPage) error) *web.App {
	public, _ := url.Parse(a.publicURL) // checked when it was loaded
	if a.mode.demo {
		public = nil // every persona of the demo has its own host
	}
	c := a.config
	return web.New(web.Options{
		Store: a.store, Cache: web.RedisCache(a.cache, a.store, a.log), PublicURL: public, TrustedProxies: c.HTTP.Proxies(),
		BodyBytes: c.Limits.BodyBytes,
		Limits:    web.Limits{AddressPerMinute: c.Limits.AddressPerMinute, AccountPerMinute: c.Limits.AccountPerMinute},
		Console:   core.SessionLife{Idle: c.Session.ConsoleIdle, MaxLife: c.Session.ConsoleLife},
		Phone:     core.SessionLife{Idle: c.Session.PhoneIdle, MaxLife: c.Session.PhoneLife},
		ConsoleIdle: func(ctx context.Context) time.Duration {
			return time.Duration(a.store.RecentSettings(ctx).ConsoleIdleMinutes) * time.Minute
		},
		Demo: a.mode.demo, Log: a.log, Registry: a.registry, ErrorPage: errorPage,
		Checks: []web.Check{
			{Name: "cache", Run: a.cache.Check},
			{Name: "database_write", Run: a.store.CheckWrite, Every: writeCheckEvery},
			{Name: "cache_write", Run: a.cache.CheckWrite, Every: writeCheckEvery},
		},
	})
}

// writeCheckEvery is the minimum time between two write checks of /readyz, however often it is
// called.
const writeCheckEvery = 10 * time.Second

// periodic returns the program's periodic work.
func (a *app) periodic() []periodic {
	all := []periodic{
		{"purge access records", time.Hour, a.purgeRecords},
		{"purge sessions", time.Hour, a.sure(a.purgeSessions)},
		{"raise alerts", accessAlertsEvery, a.store.RaiseAccessAlerts},
		{"purge accounts' jobs", time.Hour, a.purgeJobs},
		{"purge messages", time.Hour, a.sure(a.purgeMessages)},
		{"purge photos", time.Hour, a.sure(a.purgePhotos)},
		{"purge visits", time.Hour, a.sure(a.purgeVisits)},
		{"purge transfers of houses", time.Hour, a.sure(a.purgeTransfers)},
		{"purge followers who left", time.Hour, a.sure(a.purgeFollowers)},
		{"purge nonces", 10 * time.Minute, a.sure(a.store.PurgeOpenNonces)},
		{"purge rehearsals", time.Hour, a.sure(a.purgeRehearsals)},
		{"purge imports", time.Hour, a.sure(a.purgeImports)},
		{"purge exports", time.Hour, a.sure(a.purgeExports)},
		{"end leases", time.Hour, a.sure(a.store.EndLeases)},
		{"carry out scheduled changes", time.Minute, a.sure(a.store.CarryOutRulePlans)},
		{"tell of restrictions", time.Minute, a.store.TellOfRestrictions},
		{"tell of restrictions that are over", time.Minute, a.sure(a.store.TellOfRestrictionsOver)},
		{"warn of leases", time.Hour, a.store.WarnLeases},
		{"transfer houses", time.Hour, a.sure(a.store.TransferDueHouses)},
		{"warn members", time.Hour, a.store.WarnMembers},
		{"remind of reviews", reviewsEvery, a.store.RemindReviews},
		{"expire applications of visitors", reviewsEvery, a.store.ExpireVisits},
		{"purge what was said of exits", time.Hour, a.sure(a.store.PurgePassAids)},
		{"remind of urgent releases", 10 * time.Minute, a.store.RemindUrgent},
		{"purge visitors' codes", time.Hour, a.sure(a.store.PurgeVisitorCodes)},
		{"expire applications for exit slips", reviewsEvery, a.store.ExpireExitSlips},
	}
	if a.stageOn != nil && a.stageOn.tour != nil {
		all = append(all, periodic{"heartbeats of the demonstration's doors", 20 * time.Second, a.stageOn.tour.Beat})
	}
	return all
}

// accessAlertsEvery is how late an alert may be.
const accessAlertsEvery = 10 * time.Second

// purgeRecords deletes records older than the settings allow, unless the clock is in doubt, which
// is then logged and shown on the about page.
func (a *app) purgeRecords(ctx context.Context) error {
	settings, err := a.store.Settings(ctx)
	if err != nil || settings.RecordDays == 0 {
		a.held.Store(nil)
		return err
	}
	before := time.Now().AddDate(0, 0, -settings.RecordDays)
	doubt, err := a.store.PurgeDoubt(ctx, before)
	if err != nil {
		return err
	}
	if doubt != "" {
		a.log.Warn("old access records are kept for now", "why", doubt)
		a.held.Store(&doubt)
		return nil
	}
	a.held.Store(nil)
	if err := a.store.PurgeAccessAlerts(ctx, before); err != nil {
		return err
	}
	if err := a.store.PurgeGuardShifts(ctx, before); err != nil {
		return err
	}
	n, err := a.store.PurgeAccessRecords(ctx, before)
	if n > 0 {
		a.log.Info("purged access records", "count", n)
	}
	return err
}

// checkPurge records why old records are not purged for now, in words for people.
func (a *app) checkPurge(context.Context) error {
	if doubt := a.held.Load(); doubt != nil {
		return core.Conflict(*doubt)
	}
	return nil
}

// sure returns work that is not done while the clock is in doubt: what is deleted by its age, and what ends passes on a day.
func (a *app) sure(work func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if doubt, err := a.store.ClockDoubt(ctx); err != nil || doubt != "" {
			return err
		}
		return work(ctx)
	}
}

// purgeSessions deletes long-ended sessions and old sign-in attempts.
func (a *app) purgeSessions(ctx context.Context) error {
	_, err := a.store.PurgeSessions(ctx, time.Now().Add(-store.KnownWindow))
	return err
}

// purgeJobs deletes accounts' jobs that ended long ago.
func (a *app) purgeJobs(ctx context.Context) error {
	_, err := a.store.PurgeJobs(ctx)
	return err
}

// purgeRehearsals deletes those of a month ago.
func (a *app) purgeRehearsals(ctx context.Context) error {
	_, err := a.store.PurgeRehearsals(ctx)
	return err
}

// purgeImports removes files and rows of imports that are no longer needed.
func (a *app) purgeImports(ctx context.Context) error {
	_, err := a.store.PurgeImports(ctx)
	return err
}

// purgeExports removes files of lists a day after they were made.
func (a *app) purgeExports(ctx context.Context) error {
	_, err := a.store.PurgeExports(ctx)
	return err
}

// messageLife is how long the ledger of messages is kept.
const messageLife = 180 * 24 * time.Hour

// purgeMessages deletes old messages.
func (a *app) purgeMessages(ctx context.Context) error {
	return a.store.Outbox().Purge(ctx, time.Now().Add(-messageLife))
}

// leftFollowerLife is how long somebody who left an official account stays in its list.
const leftFollowerLife = 180 * 24 * time.Hour

// purgeFollowers deletes followers who left long ago.
func (a *app) purgeFollowers(ctx context.Context) error {
	n, err := a.store.PurgeFollowers(ctx, time.Now().Add(-leftFollowerLife))
	if n > 0 {
		a.log.Info("purged followers who left", "count", n)
	}
	return err
}

// purgePhotos deletes pictures that nobody has used in time, and those of reviews that were decided long ago.
func (a *app) purgePhotos(ctx context.Context) error {
	if _, err := a.store.PurgePhotos(ctx, time.Now().Add(-core.IdlePhotoLife)); err != nil {
		return err
	}
	settings, err := a.store.Settings(ctx)
	if err != nil {
		return err
	}
	_, err = a.store.PurgeReviewPhotos(ctx, time.Now().AddDate(0, 0, -settings.ReviewPhotoDays))
	return err
}

// purgeVisits deletes visits, and exit slips, that ended longer ago than access records are kept.
func (a *app) purgeVisits(ctx context.Context) error {
	settings, err := a.store.Settings(ctx)
	if err != nil || settings.RecordDays == 0 {
		return err
	}
	n, err := a.store.PurgeVisitorPasses(ctx, time.Now().AddDate(0, 0, -settings.RecordDays))
	if n > 0 {
		a.log.Info("purged visits", "count", n)
	}
	if err != nil {
		return err
	}
	n, err = a.store.PurgeExitSlips(ctx, time.Now().AddDate(0, 0, -settings.RecordDays))
	if n > 0 {
		a.log.Info("purged exit slips", "count", n)
	}
	return err
}

// purgeTransfers deletes transfers of houses that were over longer ago than access records are kept.
func (a *app) purgeTransfers(ctx context.Context) error {
	settings, err := a.store.Settings(ctx)
	if err != nil || settings.RecordDays == 0 {
		return err
	}
	n, err := a.store.PurgeHouseTransfers(ctx, time.Now().AddDate(0, 0, -settings.RecordDays))
	if n > 0 {
		a.log.Info("purged transfers of houses", "count", n)
	}
	return err
}

// reviewsEvery is how late a reminder of an overdue review may be.
const reviewsEvery = time.Minute

// serveMetrics serves Prometheus metrics on their own loopback port. If the port is taken, as by a
// second server on the same machine, the program goes on without.
func (a *app) serveMetrics(ctx context.Context) {
	addr := a.config.HTTP.MetricsAddr
	if addr == configs.MetricsOff {
		return
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		a.log.Warn("metrics are not served", "addr", addr, "err", err)
		return
	}
	go func() {
		if err := web.Serve(ctx, listener, a.web.Metrics(), web.ServeOptions{Shutdown: time.Second}); err != nil {
			a.log.Warn("metrics ended", "err", err)
		}
	}()
}

// greet prints where to go: the one line a person needs.
func (a *app) greet(stdout io.Writer, front string) {
	fmt.Fprintf(stdout, "通行已启动：%s\n", a.publicURL+front)
}
