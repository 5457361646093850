package app

import (
	"context"
	"fmt"
	"strings"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/intake"
)

// watched are the types whose every change is of interest. The criteria are
// broad on purpose: no server tells when a resource stops matching, and a
// discharge is just that.
var watched = []string{"Encounter", "QuestionnaireResponse", "Task"}

// subscribe arms one rest-hook Subscription for each watched type.
func (a *App) subscribe(ctx context.Context) ([]Change, error) {
	if !a.cfg.Hook.Enabled {
		return nil, nil
	}
	token, err := a.hookToken()
	if err != nil {
		return nil, err
	}
	endpoint := strings.TrimRight(a.cfg.Hook.PublicURL, "/") + intake.HookPath
	found, err := a.client.Search(ctx, fhir.Query("Subscription", "url", endpoint))
	if err != nil {
		return nil, fmt.Errorf("look for our subscriptions: %w", err)
	}
	var done []Change
	var tx fhir.Transaction
	for _, typ := range watched {
		did, err := a.arm(&tx, found, subscription(typ, endpoint, token))
		if err != nil {
			return done, err
		}
		done = append(done, Change{"Subscription " + typ, did})
	}
	if err := a.client.Transact(ctx, &tx); err != nil {
		return nil, fmt.Errorf("put the subscriptions on the server: %w", err)
	}
	return done, nil
}

// subscription asks for an empty ping: data that is not sent cannot leak.
func subscription(typ, endpoint, token string) r4.Subscription {
	return r4.Subscription{
		Status:   r4.SubscriptionStatusRequested,
		Reason:   "tilsyn: see admissions, answers and tasks as they change",
		Criteria: typ + "?",
		Channel: r4.SubscriptionChannel{
			Type:     r4.SubscriptionChannelTypeRestHook,
			Endpoint: &endpoint,
			Header:   []string{"Authorization: Bearer " + token},
		},
	}
}

// arm creates the Subscription, or mends one that has another secret or that
// the server has switched off.
func (a *App) arm(tx *fhir.Transaction, found []fhir.Resource, want r4.Subscription) (string, error) {
	for _, have := range found {
		if have.Get("criteria").String() != want.Criteria || have.Get("channel.endpoint").String() != *want.Channel.Endpoint {
			continue
		}
		status := have.Get("status").String()
		if have.Get("channel.header.0").String() == want.Channel.Header[0] && (status == "active" || status == "requested") {
			return "unchanged", nil
		}
		mended, err := have.Set("channel.header", want.Channel.Header)
		if err == nil {
			mended, err = mended.Set("status", "requested")
		}
		tx.Update(a.client, mended)
		return "updated", err
	}
	tx.Create(fhir.NewRef(), want, "")
	return "created", nil
}
