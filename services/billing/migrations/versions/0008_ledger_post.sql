CREATE OR REPLACE FUNCTION ledger_post(p_item jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    item public.ledger_item := jsonb_populate_record(NULL::public.ledger_item, p_item);
    tenant uuid := app.tenant();
    at timestamptz := public.ledger_clock();
    known public.transfers;
    account public.accounts;
    debit public.accounts;
    credit public.accounts;
    refusal record;
BEGIN
    IF tenant IS NULL OR item.phase NOT IN (1, 2) OR item.reverses_id IS NOT NULL THEN
        RAISE EXCEPTION 'ledger_post takes new transfers of one tenant';
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
    FOR account IN
        SELECT * FROM public.accounts a
        WHERE a.tenant_id = tenant AND a.id IN (item.debit_account_id, item.credit_account_id)
        ORDER BY a.tenant_id, a.id FOR NO KEY UPDATE
    LOOP
        IF account.id = item.debit_account_id THEN
            debit := account;
        ELSE
            credit := account;
        END IF;
    END LOOP;
    refusal := public.ledger_refusal(debit, credit, item);
    IF refusal.reason IS NOT NULL THEN
        PERFORM public.ledger_refuse(refusal.reason, refusal.detail);
    END IF;
    -- The clock once more: behind the locks, the times of an account's entries go up as they do.
    PERFORM public.ledger_move(debit, credit, item, 0, public.ledger_clock());
    RETURN true;
END
$$
