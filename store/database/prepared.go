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

// of returns the statement of a query; nil if it is not kept. Statements are closed with the pool.
func (p *prepared) of(ctx context.Context, db *sqlx.DB, query string) (*sqlx.Stmt, error) {
	p.mu.RLock()
	statement := p.kept[query]
	p.mu.RUnlock()
	if statement != nil {
		return statement, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	statement = p.kept[query]
	switch {
	case statement != nil:
		return statement, nil
	case len(p.kept) >= maxPrepared:
		return nil, nil
	case !p.seen[query]:
		if p.seen == nil || len(p.seen) >= maxSeen {
			p.seen = map[string]bool{}
		}
		p.seen[query] = true
		return nil, nil
	}
	statement, err := db.PreparexContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if p.kept == nil {
		p.kept = map[string]*sqlx.Stmt{}
	}
	p.kept[query] = statement
	delete(p.seen, query)
	return statement, nil
}
