package database

import (
	"context"
	"sync"

	"github.com/jmoiron/sqlx"
)

// maxPrepared bounds the statements that are kept, and maxSeen the queries that came once. The program has a few
// hundred; a list's filters combine to more.
const maxPrepared, maxSeen = 400, 1000

// prepared keeps the statements of SQLite's reads: to compile one takes as long as to run it. A query is kept when it
// comes a second time, so that those with a list of ids of every length do not take the place of others. MySQL is
// asked with the values in the text, in one round trip.
type prepared struct {
	mu   sync.RWMutex
	kept map[string]*sqlx.Stmt
	seen map[string]bool
}

// of returns the statement of a query; nil if it is not kept, or cannot be compiled: running the query tells why.
// Statements are closed with the pool. No lock is held while one is compiled: that may wait for a connection, and
// those that have all of them may ask for a statement before they give one back.
func (p *prepared) of(ctx context.Context, db *sqlx.DB, query string) *sqlx.Stmt {
	p.mu.RLock()
	statement, full := p.kept[query], len(p.kept) >= maxPrepared
	p.mu.RUnlock()
	if statement != nil || full || p.first(query) {
		return statement
	}
	statement, err := db.PreparexContext(ctx, query)
	if err != nil {
		return nil
	}
	return p.keep(query, statement)
}

// first notes a query and reports whether it came for the first time.
func (p *prepared) first(query string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[query] {
		return false
	}
	if p.seen == nil || len(p.seen) >= maxSeen {
		p.seen = map[string]bool{}
	}
	p.seen[query] = true
	return true
}

// keep keeps a statement and returns it; if another of the query is kept by now, it is that one.
func (p *prepared) keep(query string, statement *sqlx.Stmt) *sqlx.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	if other := p.kept[query]; other != nil {
		_ = statement.Close()
		return other
	}
	if p.kept == nil {
		p.kept = map[string]*sqlx.Stmt{}
	}
	p.kept[query] = statement
	return statement
}
