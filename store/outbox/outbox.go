// Package outbox is what people are told outside the console: rows written in the act's own
// transaction, claimed by the workers of any server, and kept as a ledger.
//
// An act tells somebody with Put, within its transaction. A worker claims what is due, sends it, and
// records what the platform answered. An attempt is written before its call goes out: a server that is
// killed between the two leaves one of which nobody knows whether it arrived. It is sent again only where
// the platform recognises a repeat; elsewhere the message ends as unknown.
package outbox

import (
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// Box is the outbox of a database. It is safe for concurrent use.
type Box struct {
	db   *database.DB
	tell func(*database.Tx, core.ChannelStop) error
	left func(tx *database.Tx, appID, openID string) error
}

// New returns the outbox of a database. tell lets operators know, in the transaction, of a channel that somebody must
// look at; left notes likewise who does not follow an account any more, by what WeChat answers.
func New(
	db *database.DB, tell func(*database.Tx, core.ChannelStop) error, left func(tx *database.Tx, appID, openID string) error,
) *Box {
	return &Box{db, tell, left}
}

// worker is the name by which an act wakes this server's worker.
const worker = "outbox"

// Woken returns the channel that receives when this server has committed messages.
func (b *Box) Woken() <-chan struct{} { return b.db.Woken(worker) }

// Columns are the columns of a message, for Row.
const Columns = `id, community_id, kind, to_kind, to_id, user_id, notice_id, title, link, events, merged_into, digest, state,
	channel, tried, tries, unsure_at, reason, code, created_at, due_at, next_at, expires_at, ended_at`

// Row is a message as it is stored.
type Row struct {
	ID        core.ID             `db:"id"`
	Community core.ID             `db:"community_id"`
	Kind      core.MessageKind    `db:"kind"`
	ToKind    string              `db:"to_kind"`
	To        core.ID             `db:"to_id"`
	User      core.ID             `db:"user_id"`
	Notice    core.ID             `db:"notice_id"`
	Title     string              `db:"title"`
	Link      string              `db:"link"`
	Events    int                 `db:"events"`
	Merged    core.ID             `db:"merged_into"`
	Digest    core.MessageDigest  `db:"digest"`
	State     core.MessageState   `db:"state"`
	Channel   core.MessageChannel `db:"channel"`
	Tried     string              `db:"tried"`
	Tries     int                 `db:"tries"`
	Unsure    database.Millis     `db:"unsure_at"`
	Reason    core.MessageReason  `db:"reason"`
	Code      string              `db:"code"`
	Created   database.Millis     `db:"created_at"`
	Due       database.Millis     `db:"due_at"`
	Next      database.Millis     `db:"next_at"`
	Expires   database.Millis     `db:"expires_at"`
	Ended     database.Millis     `db:"ended_at"`
}

// Message returns the row as a message.
func (r Row) Message() core.Message {
	return core.Message{
		ID: r.ID, Community: r.Community, Kind: r.Kind, ToKind: r.ToKind, To: r.To, User: r.User, Notice: r.Notice,
		Title: r.Title, Link: r.Link, Events: r.Events, Merged: r.Merged, Digest: r.Digest, State: r.State, Channel: r.Channel,
		Tried: splitChannels(r.Tried), Tries: r.Tries, Unsure: r.Unsure.Time, Reason: r.Reason, Code: r.Code,
		Created: r.Created.Time, Due: r.Due.Time, Next: r.Next.Time, Expires: r.Expires.Time, Ended: r.Ended.Time,
	}
}

func splitChannels(text string) (channels []core.MessageChannel) {
	for name := range strings.SplitSeq(text, ",") {
		if name != "" {
			channels = append(channels, core.MessageChannel(name))
		}
	}
	return channels
}

func joinChannels(channels []core.MessageChannel) string {
	names := make([]string, len(channels))
	for i, c := range channels {
		names[i] = string(c)
	}
	return strings.Join(names, ",")
}
