package outbox

import (
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// toldReview is what one row tells of a review.
type toldReview struct {
	Title string `db:"title"`
	Link  string `db:"link"`

	review core.ID // or the visit that waits for its host; 0 = it is about several, or about nothing that is decided
}

// undecided leaves out, of claimed messages that ask for reviews, or a host about a visit, what was decided while they waited: who is
// told counts and opens only what still waits. A message of which nothing does has come to its end.
func (c *claim) undecided(messages []core.Message) ([]core.Message, error) {
	told := map[core.ID][]toldReview{} // by message
	var reviews []core.ID
	for _, m := range messages {
		if !asks(m) || m.State == core.MessageSent || !m.Unsure.IsZero() || c.gone[m.ID] != "" {
			continue
		}
		parts, err := c.toldBy(m)
		if err != nil {
			return nil, err
		}
		told[m.ID] = parts
		for _, p := range parts {
			if p.review != 0 {
				reviews = append(reviews, p.review)
			}
		}
	}
	waiting, over, err := c.waiting(reviews)
	if err != nil {
		return nil, err
	}
	for i, m := range messages {
		var err error
		if messages[i], err = c.leaveOut(m, told[m.ID], waiting, over); err != nil {
			return nil, err
		}
	}
	return messages, nil
}

// asks reports whether a message asks its recipient to decide something: an account by its kind, somebody of a house by a time.
func asks(m core.Message) bool {
	switch m.Kind {
	case core.MessageReview, core.MessageVisitReview, core.MessageExitReview:
		return true
	}
	return !m.Due.IsZero()
}

// waiting returns which of some reviews, and of some visits, still wait, and which visits are over without an answer. A visitor's
// application is both, with one id.
func (c *claim) waiting(reviews []core.ID) (waiting, over map[core.ID]bool, err error) {
	waiting, over = map[core.ID]bool{}, map[core.ID]bool{}
	err = database.EachPart(reviews, func(part []core.ID) error {
		in := " AND id IN (" + database.Placeholders(len(part)) + ")"
		var ids []core.ID
		var visits []struct {
			ID    core.ID         `db:"id"`
			Until database.Millis `db:"until_at"`
		}
		err := c.tx.All(&ids, "SELECT id FROM review WHERE state = 'waiting'"+in, database.IDArgs(part)...)
		if err == nil {
			err = c.tx.All(&visits, "SELECT id, until_at FROM visitor_pass WHERE answer = 'waiting' AND revoked_at IS NULL"+in,
				database.IDArgs(part)...)
		}
		for _, id := range ids {
			waiting[id] = true
		}
		for _, v := range visits {
			waiting[v.ID] = v.Until.After(c.tx.Now()) // nobody is let in who should have left
			over[v.ID] = !waiting[v.ID]
		}
		return err
	})
	return waiting, over, err
}

// toldBy returns what a message and those that are part of it tell, oldest first.
func (c *claim) toldBy(m core.Message) (parts []toldReview, err error) {
	parts = []toldReview{{Title: m.Title, Link: m.Link}}
	if m.Events > 1 {
		var rest []toldReview
		if err := c.tx.All(&rest, `
			SELECT title, link
			FROM message
			WHERE to_kind = ?
			AND to_id = ?
			AND id > ?
			AND merged_into = ?
			ORDER BY id`, m.ToKind, int64(m.To), int64(m.ID), int64(m.ID)); err != nil {
			return nil, err
		}
		parts = append(parts, rest...)
	}
	for i, p := range parts {
		if kind, text, ok := strings.Cut(p.Link, "/"); ok && (core.ReviewKind(kind).Valid() || !m.Due.IsZero()) {
			if id, err := core.ParseID(text); err == nil {
				parts[i].review = id
			}
		}
	}
	return parts, nil
}

// leaveOut leaves the decided reviews out of a message. It may have done so before: the message tells of its first one that
// waited then, whose own row tells of it too.
func (c *claim) leaveOut(m core.Message, parts []toldReview, waiting, over map[core.ID]bool) (core.Message, error) {
	var left []toldReview
	seen := map[core.ID]bool{}
	for _, p := range parts {
		if p.review == 0 || waiting[p.review] && !seen[p.review] {
			left = append(left, p)
		}
		seen[p.review] = true
	}
	switch {
	case len(left) == len(parts):
		return m, nil
	case len(left) == 0:
		c.gone[m.ID] = core.WhyDecided
		if slices.ContainsFunc(parts, func(p toldReview) bool { return over[p.review] }) {
			c.gone[m.ID] = core.WhyTooLate
		}
		return m, nil
	}
	m.Events, m.Title, m.Link = len(left), left[0].Title, left[0].Link
	_, err := c.tx.Exec("UPDATE message SET events = ?, title = ?, link = ? WHERE id = ?", m.Events, m.Title, m.Link, int64(m.ID))
	return m, err
}
