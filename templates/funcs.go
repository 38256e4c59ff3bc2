package templates

import (
	"fmt"
	"html/template"
	"time"
)

// funcs returns the functions available in templates. README.md lists them.
func (r *Renderer) funcs() template.FuncMap {
	return template.FuncMap{
		"asset":    r.asset,
		"icon":     r.icon,
		"date":     r.formatter("2006-01-02"),
		"datetime": r.formatter("2006-01-02 15:04"),
		"exact":    r.formatter("2006-01-02 15:04:05"),
		"clock":    r.formatter("15:04"),
		"second":   r.formatter("15:04:05"),
		"monthday": r.formatter("1月2日 15:04"),
		"when":     r.when,
		"iso":      isoTime,
		"badge":    NewBadge,
		"empty":    NewEmpty,
		"tick":     newTick,
		"contains": contains,
		// Where the demonstration's banner leads is the program's, not a page's.
		"demoFront": func() Action { return r.demoFront },
	}
}

// icon returns an icon of assets/icons.txt, in the size and colour of the surrounding text. It is
// decoration: the text carries the meaning. There are a hundred, and a list has hundreds of times one of them.
func (r *Renderer) icon(name string) (template.HTML, error) {
	if made, ok := r.icons.Load(name); ok && !r.dev {
		return made.(template.HTML), nil
	}
	sprite, err := r.asset("icons.svg")
	if err != nil {
		return "", err
	}
	made := template.HTML(fmt.Sprintf( //nolint:gosec // both values come from the templates
		`<svg class="icon" aria-hidden="true"><use href="%s#%s"/></svg>`,
		template.HTMLEscapeString(sprite), template.HTMLEscapeString(name)))
	r.icons.Store(name, made)
	return made, nil
}

// formatter returns a function that formats a time.Time or *time.Time in the deployment's time
// zone; the zero time and nil are a dash.
func (r *Renderer) formatter(layout string) func(value any) (string, error) {
	return func(value any) (string, error) {
		t, err := timeOf(value)
		if err != nil || t.IsZero() {
			return "–", err
		}
		return t.In(r.zone).Format(layout), nil
	}
}

// when returns a past time as people say it, in the deployment's time zone: 刚刚, 5 分钟前, 今天 15:04, 昨天 15:04,
// 11月20日 15:04; the year if it is another. The zero time and nil are a dash, and a future time is its date.
func (r *Renderer) when(value any) (string, error) {
	t, err := timeOf(value)
	if err != nil || t.IsZero() {
		return "–", err
	}
	return whenSaid(r.now().In(r.zone), t.In(r.zone)), nil
}

// whenSaid is when of a time t at now, both in the zone in which days are counted.
func whenSaid(now, t time.Time) string {
	ago := now.Sub(t)
	day := func(of time.Time) time.Time {
		return time.Date(of.Year(), of.Month(), of.Day(), 0, 0, 0, 0, time.UTC)
	}
	days := int(day(now).Sub(day(t)).Hours() / 24)
	switch {
	case ago < 0:
		return t.Format("2006-01-02 15:04")
	case ago < time.Minute:
		return "刚刚"
	case ago < time.Hour:
		return fmt.Sprintf("%d 分钟前", int(ago.Minutes()))
	case days == 0:
		return t.Format("今天 15:04")
	case days == 1:
		return t.Format("昨天 15:04")
	case t.Year() == now.Year():
		return t.Format("1月2日 15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// isoTime formats the datetime attribute of <time>; empty for the zero time.
func isoTime(value any) (string, error) {
	t, err := timeOf(value)
	if err != nil || t.IsZero() {
		return "", err
	}
	return t.UTC().Format(time.RFC3339), nil
}

func timeOf(value any) (time.Time, error) {
	switch t := value.(type) {
	case time.Time:
		return t, nil
	case *time.Time:
		if t == nil {
			return time.Time{}, nil
		}
		return *t, nil
	}
	return time.Time{}, fmt.Errorf("%T is not a time", value)
}
