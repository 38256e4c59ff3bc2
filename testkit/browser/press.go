package browser

import (
	"context"
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
)

// pressLimit bounds the wait for an element that can be pressed, and for the page
// to notice that it was.
const pressLimit = 20 * time.Second

// place answers with the middle of an element that stands still for two frames and
// that the mouse would hit there, or with null.
const place = `new Promise(done => {
	const e = document.querySelector(%[1]q);
	if (!e) return done(null);
	e.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
	const box = () => { const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] };
	const first = box();
	requestAnimationFrame(() => requestAnimationFrame(() => {
		const [x, y] = box(), hit = document.elementFromPoint(x, y);
		const still = x === first[0] && y === first[1] && e.isConnected && hit && (e.contains(hit) || hit.closest("label")?.control === e);
		if (!still) return done(null);
		window.pressed = false;
		e.addEventListener("click", () => { window.pressed = true }, { capture: true, once: true });
		done([x, y]);
	}));
})`

// Press clicks an element with the mouse, as a person would: when it stands still
// and nothing covers it. A click that missed, since the page moved in between, is
// done again; a click that led to another page has arrived.
func Press(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		ctx, stop := context.WithTimeout(ctx, pressLimit)
		defer stop()
		for {
			at, err := chromedp.Evaluate[[]float64](fmt.Sprintf(place, selector), chromedp.EvalAwaitPromise)(ctx, target)
			if err == nil && len(at) == 2 {
				if _, err := chromedp.MouseClickXY(at[0], at[1])(ctx, target); err != nil {
					return err
				}
				missed, err := chromedp.Evaluate[bool](`new Promise(done => setTimeout(() => done(window.pressed === false), 0))`, chromedp.EvalAwaitPromise)(ctx, target)
				if err != nil || !missed {
					return nil //nolint:nilerr // the page that was asked is gone: the click led away from it
				}
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s was never there to be pressed: %w", selector, err)
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}
