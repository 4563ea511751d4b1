-- Reads no other setting, and so becomes a part of whatever calls it.
CREATE OR REPLACE FUNCTION ledger_clock() RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(
        nullif(current_setting('app.now', true), '')::timestamptz, clock_timestamp()
    )
$$
--
-- Says why an account did not take its part of a transfer; the other one, the debited or the
-- credited account, may have taken its part a moment ago, which does not count. Says nothing where
-- somebody gave way since: then the accounts are locked, and the part will be taken.
CREATE FUNCTION ledger_refuse_post(item ledger_item, is_debited boolean) RETURNS void
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    tenant uuid := app.tenant();
    posted bigint := CASE item.phase WHEN 1 THEN item.amount ELSE 0 END;
    held bigint := item.amount - posted;
    debit public.accounts;
    credit public.accounts;
    refusal record;
BEGIN
    PERFORM a.id FROM public.accounts a
    WHERE a.tenant_id = tenant AND a.id IN (item.debit_account_id, item.credit_account_id)
    ORDER BY a.tenant_id, a.id FOR NO KEY UPDATE;
    SELECT * INTO debit FROM public.accounts a
    WHERE a.tenant_id = tenant AND a.id = item.debit_account_id;
    SELECT * INTO credit FROM public.accounts a
    WHERE a.tenant_id = tenant AND a.id = item.credit_account_id;
    IF is_debited THEN
        debit.debits_posted := debit.debits_posted - posted;
        debit.debits_pending := debit.debits_pending - held;
    ELSIF NOT is_debited THEN
        credit.credits_posted := credit.credits_posted - posted;
        credit.credits_pending := credit.credits_pending - held;
    END IF;
    refusal := public.ledger_refusal(debit, credit, item);
    IF refusal.reason IS NOT NULL THEN
        PERFORM public.ledger_refuse(refusal.reason, refusal.detail);
    END IF;
END
$$
--
-- Posts or reserves one amount, in one round trip; gives false where it was done before.
CREATE OR REPLACE FUNCTION ledger_post(p_item jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    item public.ledger_item := jsonb_populate_record(NULL::public.ledger_item, p_item);
    tenant uuid := app.tenant();
    at timestamptz := public.ledger_clock();
    known public.transfers;
    posted bigint := CASE item.phase WHEN 1 THEN item.amount ELSE 0 END;
    held bigint := item.amount - posted;
    step integer := CASE item.phase WHEN 1 THEN 1 ELSE 0 END;
    -- The account with the lower id comes first, for everybody: nobody waits in a circle.
    is_debit boolean := item.debit_account_id < item.credit_account_id;
    debit record;
    credit record;
BEGIN
    IF tenant IS NULL OR item.phase NOT IN (1, 2) OR item.reverses_id IS NOT NULL THEN
        RAISE EXCEPTION 'ledger_post takes new transfers of one tenant';
    ELSIF item.unit IS NULL THEN
        -- Nothing equals it: no account would take its part, and none could say why.
        RAISE EXCEPTION 'ledger_post takes amounts of a unit';
    END IF;
    -- The gate stands before any lock: a twin waits here and then learns that it is one.
    INSERT INTO public.transfers VALUES (
        tenant, item.id, item.code, item.phase, item.debit_account_id, item.credit_account_id,
        item.amount, NULL, NULL, item.group_id, item.trade_detail, item.expire_time,
        coalesce(item.effective_time, at), at
    ) ON CONFLICT (tenant_id, id) DO NOTHING;
    IF NOT FOUND THEN
        SELECT * INTO known FROM public.transfers t WHERE t.tenant_id = tenant AND t.id = item.id;
        IF NOT public.ledger_is_same(known, item) THEN
            PERFORM public.ledger_refuse('TRANSFER_ID_REUSED', '{}');
        END IF;
        RETURN false;
    END IF;
    -- Each account is locked, looked at and changed at once, as it is when its turn comes.
    FOR turn IN 1..2 LOOP
        LOOP
            IF is_debit THEN
                UPDATE public.accounts a SET
                    debits_posted = a.debits_posted + posted,
                    debits_pending = a.debits_pending + held,
                    version = a.version + step
                WHERE a.tenant_id = tenant AND a.id = item.debit_account_id AND a.unit = item.unit
                    AND NOT (a.is_closing AND item.phase = 2)
                    AND (a.guard <> 1
                        OR a.debits_posted + a.debits_pending + item.amount <= a.credits_posted)
                RETURNING a.version, a.credits_posted - a.debits_posted AS balance INTO debit;
            ELSE
                UPDATE public.accounts a SET
                    credits_posted = a.credits_posted + posted,
                    credits_pending = a.credits_pending + held,
                    version = a.version + step
                WHERE a.tenant_id = tenant AND a.id = item.credit_account_id AND a.unit = item.unit
                    AND NOT a.is_closing
                    AND (a.guard <> 2
                        OR a.credits_posted + a.credits_pending + item.amount <= a.debits_posted)
                RETURNING a.version, a.credits_posted - a.debits_posted AS balance INTO credit;
            END IF;
            EXIT WHEN FOUND;
            PERFORM public.ledger_refuse_post(item, CASE turn WHEN 2 THEN NOT is_debit END);
        END LOOP;
        is_debit := NOT is_debit;
    END LOOP;
    IF posted > 0 THEN
        -- The clock once more: behind the locks, an account's entries have times as they go up.
        at := public.ledger_clock();
        INSERT INTO public.entries VALUES
            (tenant, item.debit_account_id, debit.version, item.id, -posted, debit.balance, at),
            (tenant, item.credit_account_id, credit.version, item.id, posted, credit.balance, at);
    END IF;
    RETURN true;
END
$$
--
-- Does a batch of plain items, none of them known, as one statement; gives false and does nothing
-- where any of them would be refused or needs a closer look. `ids` are the accounts': named once
-- more where many accounts are read, they keep the plan at the primary key.
CREATE OR REPLACE FUNCTION ledger_post_plain(items ledger_item[], ids uuid[]) RETURNS boolean
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    tenant uuid := app.tenant();
    at timestamptz := public.ledger_clock();
    is_plain boolean;
    written bigint;
BEGIN
    SELECT count(DISTINCT i.id) = count(*) AND bool_and(i.phase <= 2 AND i.reverses_id IS NULL)
        AND NOT EXISTS (
            SELECT FROM public.transfers t
            WHERE t.tenant_id = tenant AND t.id = ANY (ARRAY(SELECT k.id FROM unnest(items) k))
        )
    INTO is_plain FROM unnest(items) i;
    IF NOT is_plain THEN
        RETURN false;
    END IF;
    -- Each item is one leg on each of two accounts; sums run in the order of the items.
    WITH legs AS (
        SELECT n, id AS transfer_id, debit_account_id AS account_id, unit, 1 AS guard,
            -- A closing account can only be emptied.
            phase = 2 AS needs_open,
            CASE phase WHEN 1 THEN -amount ELSE 0 END AS posted,
            CASE phase WHEN 2 THEN amount ELSE 0 END AS held FROM unnest(items)
        UNION ALL
        SELECT n, id, credit_account_id, unit, 2, true,
            CASE phase WHEN 1 THEN amount ELSE 0 END,
            CASE phase WHEN 2 THEN amount ELSE 0 END FROM unnest(items)
    ), running AS MATERIALIZED (
        SELECT l.n, l.transfer_id, l.account_id, l.posted,
            a.version + count(*) FILTER (WHERE l.posted <> 0) OVER w AS version,
            a.debits_posted - coalesce(sum(l.posted) FILTER (WHERE l.posted < 0) OVER w, 0)
                AS debits_posted,
            a.credits_posted + coalesce(sum(l.posted) FILTER (WHERE l.posted > 0) OVER w, 0)
                AS credits_posted,
            a.debits_pending + coalesce(sum(l.held) FILTER (WHERE l.guard = 1) OVER w, 0)
                AS debits_pending,
            a.credits_pending + coalesce(sum(l.held) FILTER (WHERE l.guard = 2) OVER w, 0)
                AS credits_pending,
            a.guard,
            coalesce(a.unit = l.unit, false) AND NOT (a.is_closing AND l.needs_open) AS fits,
            row_number() OVER (PARTITION BY l.account_id ORDER BY l.n DESC) = 1 AS is_last
        FROM legs l JOIN public.accounts a
            ON a.tenant_id = tenant AND a.id = l.account_id AND a.id = ANY (ids)
        WINDOW w AS (PARTITION BY l.account_id ORDER BY l.n)
    ), verdict AS MATERIALIZED (
        -- Both accounts of every item are there, and take it.
        SELECT count(*) = 2 * cardinality(items) AND bool_and(fits AND CASE guard
            WHEN 1 THEN debits_posted + debits_pending <= credits_posted
            WHEN 2 THEN credits_posted + credits_pending <= debits_posted
            ELSE true
        END) AS holds FROM running
    ), new_transfers AS (
        INSERT INTO public.transfers
        SELECT tenant, i.id, i.code, i.phase, i.debit_account_id, i.credit_account_id, i.amount,
            NULL, NULL, i.group_id, i.trade_detail, i.expire_time,
            coalesce(i.effective_time, at), at
        FROM unnest(items) i WHERE (SELECT holds FROM verdict) ORDER BY i.id
        ON CONFLICT (tenant_id, id) DO NOTHING RETURNING 1
    ), new_entries AS (
        INSERT INTO public.entries
        SELECT tenant, account_id, version, transfer_id, posted,
            credits_posted - debits_posted, at
        FROM running WHERE posted <> 0 AND (SELECT holds FROM verdict)
    ), moved AS (
        UPDATE public.accounts a SET
            debits_posted = r.debits_posted, credits_posted = r.credits_posted,
            debits_pending = r.debits_pending, credits_pending = r.credits_pending,
            version = r.version
        FROM running r
        WHERE a.tenant_id = tenant AND a.id = r.account_id AND r.is_last
            AND (SELECT holds FROM verdict)
    )
    SELECT CASE WHEN holds THEN (SELECT count(*) FROM new_transfers) END
    INTO written FROM verdict;
    IF written <> cardinality(items) THEN
        -- The same id went to other accounts, and committed since we looked.
        RAISE serialization_failure;
    END IF;
    RETURN written IS NOT NULL;
END
$$
