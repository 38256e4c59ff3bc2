package pages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
)

// Enter signs the group's person in, in the browser of ctx.
func Enter(ctx context.Context, address string, g Group) error {
	enter := g.Enter(address)
	if enter == "" {
		return nil
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(address+"/demo")); err != nil {
		return err
	}
	return lead(ctx, `(form => { form.removeAttribute("target"); form.submit() })(document.querySelector('form[action="`+g.enter+`"]'))`)
}

// Show loads the page in the browser of ctx, brings it into its state, and waits until it is at
// rest.
func Show(ctx context.Context, p Page) error {
	if err := chromedp.Do(ctx, chromedp.Navigate(p.URL)); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	err := settle(ctx)
	for _, script := range p.Then {
		if err == nil {
			err = lead(ctx, script)
		}
	}
	if err == nil && p.Opens != "" {
		if _, err = chromedp.Run(ctx, chromedp.Evaluate[bool](p.Opens+", true")); err == nil {
			err = settle(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	return nil
}

// settled is true when pictures are loaded and nothing moves.
const settled = `document.readyState === "complete" && !window.left &&
	[...document.images].every(image => image.complete) &&
	[...document.querySelectorAll("[data-chart]")].every(chart => chart.dataset.mode === "table" || chart.querySelector("canvas")) &&
	document.getAnimations().every(a => a.playState !== "running" || a.effect?.getTiming().iterations === Infinity)`

// lead runs a script that leaves the page and waits for the next.
func lead(ctx context.Context, script string) error {
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`window.left = true, `+script+`, true`)); err != nil {
		return err
	}
	return settle(ctx)
}

var errMoves = errors.New("something on it still moves or loads")

// settle waits until the page is at rest. If a navigation interrupts, it waits for the next page.
func settle(ctx context.Context) error {
	script := `new Promise(done => { const end = Date.now() + 1000; const look = () => { if (` + settled +
		`) done(true); else if (Date.now() > end) done(false); else setTimeout(look, 30) }; look() })`
	var err error
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; {
		var still bool
		if still, err = browser.Look(ctx, script); err == nil && still {
			return nil
		}
	}
	return fmt.Errorf("the page does not stand still: %w", cmp.Or(err, ctx.Err(), errMoves))
}

// TooWide returns the elements that extend beyond the window's right edge and make the page scroll
// sideways, as a selector and a width each.
func TooWide(ctx context.Context) ([]string, error) {
	return chromedp.Run(ctx, chromedp.Evaluate[[]string](`(() => {
		const wide = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= wide) return [];
		return [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > wide + 1)
			.slice(0, 5).map(e => e.tagName.toLowerCase() + "." + e.className + " " + Math.round(e.getBoundingClientRect().right))
	})()`))
}
