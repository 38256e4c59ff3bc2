// Command screenshots starts the demonstration with fresh data and takes a picture of every page,
// at the width of a desktop window and of a phone:
//
//	go run ./tools/screenshots [-out tmp/screenshots] [-only console-reader] [-dark]
//
// It also reports which pages scroll sideways. The pictures are for people; nothing compares them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/pages"
)

type options struct {
	out  string
	only string
	dark bool
}

func main() {
	var o options
	flag.StringVar(&o.out, "out", "tmp/screenshots", "the folder for the pictures")
	flag.StringVar(&o.only, "only", "", "take only pages whose name contains this")
	flag.BoolVar(&o.dark, "dark", false, "take the dark pages")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := shoot(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func shoot(ctx context.Context, o options) error {
	folder, err := os.MkdirTemp("", "tongxing-screenshots-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	d, err := startDemo(ctx, folder)
	if err != nil {
		return err
	}
	defer d.stop()
	all, err := pages.Of(ctx, d.address)
	if err != nil {
		return err
	}
	if routes, err := os.ReadFile("handlers/testdata/routes.golden"); err == nil {
		fmt.Printf("nothing leads to: %s\n", strings.Join(pages.Missing(all, string(routes)), " "))
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	s := &session{options: o, address: d.address, folder: folder}
	for from := 0; from < len(all); {
		to := from
		for to < len(all) && all[to].Group.Name == all[from].Group.Name {
			to++
		}
		if err := s.group(ctx, all[from:to]); err != nil {
			return err
		}
		from = to
	}
	fmt.Printf("%d pictures in %s\n", s.taken, o.out)
	return nil
}

// session takes the pictures.
type session struct {
	options
	address string
	folder  string // for the browsers' profiles
	taken   int
}

// group takes pictures of the pages of one person, in one browser.
func (s *session) group(ctx context.Context, group []pages.Page) error {
	ctx, end, err := openBrowser(ctx, filepath.Join(s.folder, group[0].Group.Name))
	if err != nil {
		return err
	}
	defer end()
	if err := pages.Enter(ctx, s.address, group[0].Group); err != nil {
		return err
	}
	for _, p := range group {
		if !strings.Contains(p.Name, s.only) {
			continue
		}
		for _, width := range widths(p) {
			if err := s.take(ctx, p, width); err != nil {
				fmt.Fprintln(os.Stderr, "screenshots:", err) // one missing page is no reason to stop
			}
		}
	}
	return nil
}

func widths(p pages.Page) []int64 {
	if p.Group.Phone {
		return []int64{390}
	}
	return []int64{1280, 390}
}

func (s *session) take(ctx context.Context, p pages.Page, width int64) error {
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	height := int64(844)
	if width > 500 {
		height = 800
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		return err
	}
	if err := pages.Show(ctx, p); err != nil {
		return err
	}
	if s.dark {
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.dataset.bsTheme = "dark", `+
			`document.getAnimations().forEach(a => a.finish()), true`)); err != nil {
			return err
		}
	}
	wide, err := pages.TooWide(ctx)
	if err != nil {
		return err
	}
	if len(wide) > 0 {
		fmt.Printf("%s at %d scrolls sideways: %s\n", p.Name, width, strings.Join(wide, ", "))
	}
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		return err
	}
	s.taken++
	return os.WriteFile(filepath.Join(s.out, fmt.Sprintf("%s-%d.png", p.Name, width)), picture, 0o644)
}

// openBrowser starts a headless Chromium with a profile in folder.
func openBrowser(ctx context.Context, folder string) (context.Context, func(), error) {
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		return nil, nil, fmt.Errorf("no Chromium: make needs installs it or says how to")
	}
	allocator, endAllocator := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(folder), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(time.Minute), chromedp.Flag("lang", "zh-CN"), chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("no-pings", true),
	)...)
	tab, endTab := chromedp.NewContext(allocator)
	end := func() { endTab(); endAllocator() }
	// The browser lives as long as the context that first used it: that must not be a page's.
	if err := chromedp.Do(tab); err != nil {
		end()
		return nil, nil, err
	}
	return tab, end, nil
}
