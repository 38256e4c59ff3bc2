package browser

import (
	"context"
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
)

// pressLimit is the timeout for an element to become clickable, and for the page to notice the
// click.
const pressLimit = 20 * time.Second

// Look evaluates a promise of true or false that is kept within seconds. A page that another replaces may take the answer
// with it, and then nothing comes: the error is a timeout, and the caller looks again.
func Look(ctx context.Context, script string) (bool, error) {
	ctx, stop := context.WithTimeout(ctx, pressLimit)
	defer stop()
	return chromedp.Run(ctx, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise))
}

// aim returns the centre of an element that has been at rest for two frames and would receive a
// click there, or null. From then on it blocks mouse events that would hit anything else, until it
// has seen a click.
const aim = `new Promise(done => {
	const e = document.querySelector(%[1]q);
	if (!e) return done(null);
	e.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
	const box = () => { const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] };
	const mine = hit => hit && e.isConnected && (e.contains(hit) || hit.closest?.("label")?.control === e);
	const first = box();
	requestAnimationFrame(() => requestAnimationFrame(() => {
		const [x, y] = box();
		const still = x === first[0] && y === first[1] && mine(document.elementFromPoint(x, y));
		if (!still) return done(null);
		const kinds = ["pointerdown", "mousedown", "pointerup", "mouseup", "click"];
		const press = { clicked: false, end: () => kinds.forEach(kind => removeEventListener(kind, guard, true)) };
		let missed = false;
		function guard(event) {
			missed ||= !mine(event.target);
			if (missed) { event.preventDefault(); event.stopImmediatePropagation(); }
			if (event.type !== "click") return;
			press.clicked = !missed;
			press.end();
		}
		kinds.forEach(kind => addEventListener(kind, guard, true));
		window.press = press;
		done([x, y]);
	}));
})`

// clicked reports, once the page has processed the mouse events, whether the click hit.
const clicked = `new Promise(done => setTimeout(() => {
	const press = window.press;
	press?.end();
	done(!press || press.clicked);
}, 0))`

// Press clicks an element with the mouse as a user would: once it is at rest and not covered. A
// click that would miss, since the page moved in between, has no effect and is repeated; a click
// that led to another page has succeeded.
func Press(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		ctx, stop := context.WithTimeout(ctx, pressLimit)
		defer stop()
		for {
			at, err := chromedp.Evaluate[[]float64](fmt.Sprintf(aim, selector), chromedp.EvalAwaitPromise)(ctx, target)
			if err == nil && len(at) == 2 {
				if _, err := chromedp.MouseClickXY(at[0], at[1])(ctx, target); err != nil {
					return err
				}
				hit, err := chromedp.Evaluate[bool](clicked, chromedp.EvalAwaitPromise)(ctx, target)
				if err != nil || hit {
					return nil //nolint:nilerr // the page has gone: the click left it
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
